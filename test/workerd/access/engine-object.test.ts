import { env } from 'cloudflare:test';
import { beforeAll, describe, expect, it } from 'vitest';
import { createApp } from '../../../src/api/app.ts';
import { type FrontEnv, frontFromEnv } from '../../../src/engine-object/front-from-env.ts';
import { accessFromEnv } from '../../../src/worker/access-from-env.ts';
import { isolateModels } from '../../../src/worker/isolate-instance.ts';
import { DEFAULT_MODEL, seedModel } from '../helpers.ts';
import { ACCESS, accessApp, errorOf, eventually, keyOf, OPERATOR_KEY } from './access-app.ts';

beforeAll(() => seedModel(DEFAULT_MODEL));

const bindings = env as unknown as FrontEnv;
const keys = accessApp();
/** The Worker in front of the engine objects. */
const front = createApp({
  host: isolateModels(bindings),
  engine: frontFromEnv(bindings),
  log: () => {},
  ...accessFromEnv({ ACCESS, OPERATOR_KEY }),
});
const ask = (path: string, key: string | undefined, body?: object, headers: Record<string, string> = {}) =>
  front.request(`http://edge${path}`, {
    method: body ? 'POST' : 'GET',
    headers: { 'content-type': 'application/json', ...(key ? { authorization: `Bearer ${key}` } : {}), ...headers },
    body: body && JSON.stringify(body),
  });
const completion = { prompt: 'Once upon a time', max_tokens: 4, temperature: 0 };
const TOKENS = 8;

describe('engine objects behind keys', () => {
  it('should get no request that the front refuses', async () => {
    for (const [key, status] of [
      [undefined, 401],
      ['ge_sk_wrong', 401],
    ] as const)
      expect((await ask('/v1/completions', key, completion)).status).toBe(status);
    expect((await ask('/v1/completions', undefined, completion, { 'x-gpt-edge-grant': '%22open%22' })).status).toBe(401);
    const answer = await bindings.ENGINE_NAMESPACE!.getByName('local/tinystories-gpt2/0').fetch('http://edge/v1/models');
    expect(await errorOf(answer)).toMatchObject({ status: 401, message: expect.stringContaining('not handed on') });
  });

  it('should count 200 requests at the same time exactly, each once', async () => {
    const { key, id } = await keys.createKey({ limits: { tokens_per_minute: 20 * TOKENS } });
    const answers = await Promise.all(Array.from({ length: 200 }, () => ask('/v1/completions', key, completion)));
    const texts = await Promise.all(answers.map((answer) => answer.text()));
    expect(
      answers.filter(({ status }) => status === 200),
      texts.find((text) => text.includes('internal')),
    ).toHaveLength(20);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(180);
    expect(answers.every(({ headers }) => headers.has('x-ratelimit-remaining-tokens'))).toBe(true);
    const { today } = await eventually(
      () => keyOf(keys, id),
      ({ today }) => today.tokens === 20 * TOKENS,
    );
    expect(today).toMatchObject({ requests: 200, tokens: 20 * TOKENS });
  });

  it('should count a stream until its end, with the models and origins of its key', async () => {
    const origin = 'https://app.example';
    const { key } = await keys.createKey({ origins: [origin], models: ['tinystories-gpt2'], limits: { concurrent: 1 } });
    const answer = await ask('/v1/completions', key, { ...completion, stream: true }, { origin });
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([200, origin]);
    expect((await ask('/v1/models', key)).status).toBe(429);
    expect(await answer.text()).toContain('[DONE]');
    const status = async () => (await ask('/v1/models', key)).status;
    expect(await eventually(status, (seen) => seen === 200)).toBe(200);
    expect((await ask('/v1/completions', key, { ...completion, model: 'other' })).status).toBe(404);
  });

  it('should let a key read, go on with and delete only what is stored for it', async () => {
    const [{ key }, { key: other }] = [await keys.createKey(), await keys.createKey()];
    const asked = { input: 'Hi', max_output_tokens: 2, store: true };
    const made = (await (await ask('/v1/responses', key, asked)).json()) as { id: string; output: { id: string }[] };
    const path = `/v1/responses/${made.id}`;
    const remove = (key: string) => front.request(`http://edge${path}`, { method: 'DELETE', headers: { authorization: `Bearer ${key}` } });
    const item = { type: 'item_reference', id: made.output[0].id };
    const answers = (key: string) =>
      Promise.all([
        ask(path, key),
        ask(`${path}?stream=true`, key),
        ask(`${path}/input_items`, key),
        ask('/v1/responses', key, { ...asked, previous_response_id: made.id }),
        ask('/v1/responses', key, { ...asked, input: [item, { role: 'user', content: 'More' }] }),
      ]);
    for (const answer of [...(await answers(other)), await ask(`${path}/cancel`, other, {}), await remove(other)])
      expect(await errorOf(answer)).toMatchObject({ status: 404, code: 'completion_not_found' });
    for (const answer of await answers(key)) {
      expect(answer.status).toBe(200);
      await answer.text();
    }
    expect((await remove(key)).status).toBe(200);
    expect((await ask(path, key)).status).toBe(404);
  });

  it("should tell what they do to the operator's key alone", async () => {
    const { key } = await keys.createKey();
    expect([(await ask('/v1/engine', key)).status, (await ask('/v1/%65ngine', key)).status]).toEqual([401, 401]);
    const told = await ask('/v1/engine', OPERATOR_KEY);
    expect([told.status, ((await told.json()) as { place: string }).place]).toEqual([200, 'object']);
  });

  it('should keep what one key has stored from every other, by each way to it', async () => {
    const [own, other] = [await keys.createKey(), await keys.createKey()];
    const stored = async (path: string, body: object) => {
      const answer = await ask(path, own.key, { ...body, store: true });
      expect(answer.status).toBe(200);
      return ((await answer.json()) as { id: string }).id;
    };
    const messages = [{ role: 'user', content: 'Hi' }];
    const response = await stored('/v1/responses', { input: 'Hi', max_output_tokens: 2 });
    const paths: [method: string, path: string][] = [];
    for (const [path, body] of [
      ['/v1/completions', completion],
      ['/v1/chat/completions', { messages, max_tokens: 2 }],
    ] as const) {
      const id = await stored(path, body);
      paths.push(['GET', `${path}/${id}`], ['GET', `${path}/${id}/stream`]);
    }
    const one = `/v1/responses/${response}`;
    paths.push(['POST', `${one}/cancel`], ['GET', one], ['GET', `${one}?stream=true`], ['GET', `${one}/input_items`], ['DELETE', one]);
    const send = (method: string, path: string, key?: string) =>
      front.request(`http://edge${path}`, { method, headers: key ? { authorization: `Bearer ${key}` } : {} });
    for (const [method, path] of paths) {
      expect(await errorOf(await send(method, path, other.key)), `${method} ${path}`).toMatchObject({ status: 404 });
      expect(await errorOf(await send(method, path)), `${method} ${path}`).toMatchObject({ status: 401 });
    }
    const next = { input: 'And?', max_output_tokens: 2, previous_response_id: response };
    expect(await errorOf(await ask('/v1/responses', other.key, next))).toMatchObject({ status: 404, param: 'previous_response_id' });
    for (const [method, path] of paths.filter(([, path]) => !path.endsWith('/cancel'))) {
      const answer = await send(method, path, own.key);
      expect(answer.status, `${method} ${path}`).toBe(200);
      await answer.text();
    }
  });

  it.each(['..%2f..%2fx', '__proto__', 'cmpl-', 'resp_%00', 'x'.repeat(3000), '%0d%0aset-cookie:a', 'local%2ftinystories-gpt2%2f99'])(
    'should find nothing stored by what is no id: %s',
    async (id) => {
      const { key } = await keys.createKey();
      for (const path of ['/v1/completions', '/v1/chat/completions', '/v1/responses'])
        expect((await ask(`${path}/${id}`, key)).status, path).toBe(404);
    },
  );
});
