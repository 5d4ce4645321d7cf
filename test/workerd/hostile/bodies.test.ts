import { env, SELF } from 'cloudflare:test';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ErrorBody } from '../../../src/api/openai/schemas/bodies.ts';
import type { WireFile } from '../../../src/api/openai/schemas/file-schema.ts';
import { SeededRandom } from '../../generation/seeded-random.ts';
import { OPERATOR_KEY } from '../access/access-app.ts';
import { batchApp, json, jsonl, request } from '../batch/batch-app.ts';
import { DEFAULT_MODEL, seedModel } from '../helpers.ts';
import { mutated, mutatedBytes } from './mutate.ts';

const ROUNDS = (env as { LONG_TESTS?: string }).LONG_TESTS === 'true' ? 1000 : 20;

beforeAll(() => seedModel(DEFAULT_MODEL));

const messages = [
  { role: 'system', content: 'You are brief.' },
  { role: 'user', content: [{ type: 'text', text: 'Hi' }] },
];
const weather = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const tools = [{ type: 'function', function: { name: 'weather', parameters: weather } }];
const quick = { timeout_ms: 500, seed: 1 };
/** Requests with as many fields as may stand together, for each route that takes JSON. */
const BODIES: [path: string, body: object][] = [
  [
    '/v1/completions',
    { ...quick, prompt: ['Once', 'The dog'], max_tokens: 2, n: 2, stop: ['x'], logit_bias: { 5: 1 }, logprobs: 1, echo: true },
  ],
  ['/v1/completions', { ...quick, prompt: 'Once', max_tokens: 3, stream: true, stream_options: { include_usage: true } }],
  ['/v1/chat/completions', { ...quick, messages, max_tokens: 2, tools, tool_choice: 'auto', top_p: 0.9, metadata: { a: 'b' } }],
  [
    '/v1/chat/completions',
    {
      ...quick,
      messages,
      max_tokens: 4,
      response_format: { type: 'json_schema', json_schema: { name: 'a', schema: weather, strict: true } },
    },
  ],
  ['/v1/responses', { input: messages, max_output_tokens: 2, instructions: 'Be brief.', text: { format: { type: 'text' } }, stream: true }],
  ['/v1/decisions', { input: 'Hi', questions: [{ type: 'predicate', instructions: 'It is late.' }] }],
  ['/v1/embeddings', { input: ['Hi', 'there'], encoding_format: 'base64' }],
  ['/v1/next-token', { prompt: 'Once', top_k: 5, answer_tokens: 0 }],
  ['/tokenize', { prompt: 'Hi', add_special_tokens: true }],
  ['/detokenize', { tokens: [1, 2, 3] }],
];

/** An answer is a right one, or an error with a code that is no fault of the server. */
async function expectDeclared(answer: Response, sent: string): Promise<void> {
  const text = await answer.text();
  const shown = `${sent.slice(0, 600)}\n${answer.status} ${text.slice(0, 600)}`;
  expect([200, 201, 400, 401, 403, 404, 405, 408, 413, 415, 429, 501, 503], shown).toContain(answer.status);
  expect(text, shown).not.toContain('internal_error');
  if (answer.status >= 400) expect((JSON.parse(text) as ErrorBody).error.code, shown).toMatch(/^[a-z_]+$/);
}

const init = (body: string | Uint8Array<ArrayBuffer>, type = 'application/json'): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': type },
  body,
});
const encoder = new TextEncoder();

describe('a body that somebody has tampered with', () => {
  it.each(BODIES)('should be answered or refused, whatever it has become: %s %j', async (path, body) => {
    const random = new SeededRandom(path.length * 1000 + JSON.stringify(body).length);
    const send = (sent: string | Uint8Array<ArrayBuffer>) =>
      SELF.fetch(`http://edge${path}`, init(sent) as RequestInit<RequestInitCfProperties>);
    expect((await send(JSON.stringify(body))).status).toBe(200);
    for (let round = 0; round < ROUNDS; round++) {
      let value: unknown = body;
      for (let times = 1 + random.integer(3); times > 0; times--) value = mutated(value, random);
      const text = JSON.stringify(value) ?? '';
      await expectDeclared(await send(text), `${path} ${text}`);
      const bytes = mutatedBytes(encoder.encode(JSON.stringify(body)), random);
      await expectDeclared(await send(bytes), `${path} ${new TextDecoder().decode(bytes)}`);
    }
    const answer = await send(JSON.stringify(body));
    expect(answer.status).toBe(200);
    await answer.text();
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it('should be answered or refused where it makes files, batches and keys', async () => {
    const app = batchApp();
    const random = new SeededRandom(11);
    const { id } = await json<WireFile>(await app.upload([request(0)]));
    const bodies: [path: string, body: object, key?: string][] = [
      ['/v1/batches', { input_file_id: id, endpoint: '/v1/completions', completion_window: '24h', metadata: { a: 'b' } }],
      ['/v1/batches/batch_x/cancel', {}],
      ['/operator/keys', { name: 'a', kind: 'publishable', origins: ['https://a.example'], limits: { concurrent: 1 } }, OPERATOR_KEY],
    ];
    const line = jsonl([request(0, { stop: ['x'] }), request(1)]);
    const form = `--b\r\ncontent-disposition: form-data; name="purpose"\r\n\r\nbatch\r\n--b\r\ncontent-disposition: form-data; name="file"; filename="a.jsonl"\r\n\r\n${line}\r\n--b--\r\n`;
    for (let round = 0; round < ROUNDS; round++) {
      for (const [path, body, key] of bodies) {
        const text = JSON.stringify(mutated(body, random)) ?? '';
        await expectDeclared(await app.fetch(path, { ...init(text), key }), `${path} ${text}`);
        const bytes = mutatedBytes(encoder.encode(JSON.stringify(body)), random);
        await expectDeclared(await app.fetch(path, { ...init(bytes), key }), `${path} ${new TextDecoder().decode(bytes)}`);
      }
      const bytes = mutatedBytes(encoder.encode(form), random);
      await expectDeclared(await app.fetch('/v1/files', init(bytes, 'multipart/form-data; boundary=b')), new TextDecoder().decode(bytes));
    }
    expect(await json(await app.fetch(`/v1/files/${id}`))).toMatchObject({ id });
  });
});
