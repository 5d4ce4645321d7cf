import OpenAI, { toFile } from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LocalWorker } from '../../src/local/local-worker.ts';
import { LONG_RUN } from '../long-run.ts';
import { serveDefaultModel } from './serve-default-model.ts';

interface Result {
  custom_id: string;
  response: { status_code: number; request_id: string; body: { choices?: { text: string }[]; error?: { code: string } } } | null;
  error: { code: string; message: string } | null;
}

const LINES = LONG_RUN ? 5000 : 300;
const jsonl = (lines: unknown[]) => lines.map((line) => JSON.stringify(line)).join('\n');
const request = (index: number, body: object = {}) => ({
  custom_id: `request-${index}`,
  method: 'POST',
  url: '/v1/completions',
  body: { prompt: `Story ${index}: once upon a time`, max_tokens: 8, seed: index, ...body },
});

describe('batches with the openai package', () => {
  let worker: LocalWorker;
  let client: OpenAI;
  beforeAll(async () => {
    worker = await serveDefaultModel();
    client = new OpenAI({ baseURL: `${worker.url.origin}/v1`, apiKey: 'none', maxRetries: 0 });
  });
  afterAll(() => worker.stop());

  const upload = async (lines: unknown[]) =>
    client.files.create({ file: await toFile(Buffer.from(jsonl(lines)), 'requests.jsonl'), purpose: 'batch' });
  const begin = async (lines: unknown[], endpoint: OpenAI.Batches.BatchCreateParams['endpoint'] = '/v1/completions') =>
    client.batches.create({ input_file_id: (await upload(lines)).id, endpoint, completion_window: '24h', metadata: { job: 'test' } });
  async function ended(id: string): Promise<OpenAI.Batch> {
    for (;;) {
      const batch = await client.batches.retrieve(id);
      if (['completed', 'failed', 'expired', 'cancelled'].includes(batch.status)) return batch;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
  const results = async (id: string | null | undefined): Promise<Result[]> =>
    id
      ? (await (await client.files.content(id)).text())
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line))
      : [];

  it('should answer each line once, as it is answered by itself, and each bad one with its error', {
    timeout: LONG_RUN ? 1_800_000 : 240_000,
  }, async () => {
    const lines = Array.from({ length: LINES }, (_, index) => request(index, index % 50 === 7 ? { max_tokens: 10_000 } : {}));
    const started = await begin(lines);
    expect(started).toMatchObject({ object: 'batch', status: 'validating', metadata: { job: 'test' }, completion_window: '24h' });
    const batch = await ended(started.id);
    const bad = lines.filter((_, index) => index % 50 === 7);
    expect(batch).toMatchObject({
      status: 'completed',
      request_counts: { total: LINES, completed: LINES - bad.length, failed: bad.length },
    });
    const [output, errors] = [await results(batch.output_file_id), await results(batch.error_file_id)];
    expect(errors.map(({ custom_id }) => custom_id)).toEqual(bad.map(({ custom_id }) => custom_id));
    for (const { response } of errors)
      expect(response).toMatchObject({ status_code: 400, body: { error: { code: 'context_length_exceeded' } } });
    expect(output.map(({ custom_id }) => custom_id)).toEqual(lines.filter((line) => !bad.includes(line)).map(({ custom_id }) => custom_id));
    for (const { custom_id, response, error } of output.filter((_, index) => index % 60 === 0)) {
      const { body } = lines.find((line) => line.custom_id === custom_id)!;
      const alone = await client.completions.create({ model: 'tinystories-gpt2', ...body });
      expect(response).toMatchObject({ status_code: 200, body: { choices: alone.choices } });
      expect(response!.request_id).not.toBe('');
      expect(error).toBeNull();
    }
  });

  it.each([
    [
      '/v1/chat/completions',
      { messages: [{ role: 'user', content: 'A frog?' }], max_tokens: 4 },
      { choices: [{ message: { role: 'assistant' } }] },
    ],
    ['/v1/embeddings', { input: 'A frog' }, { object: 'list', data: [{ object: 'embedding' }] }],
  ] as const)('should ask %s', async (url, body, answer) => {
    const batch = await ended((await begin([{ custom_id: 'one', method: 'POST', url, body }], url)).id);
    expect(batch.request_counts).toEqual({ total: 1, completed: 1, failed: 0 });
    expect(batch.error_file_id).toBeNull();
    expect(await results(batch.output_file_id)).toMatchObject([{ custom_id: 'one', response: { status_code: 200, body: answer } }]);
  });

  it('should keep, list and delete files', async () => {
    const text = jsonl([request(0)]);
    const file = await client.files.create({
      file: await toFile(Buffer.from(text), 'größe "1".jsonl'),
      purpose: 'batch',
      expires_after: { anchor: 'created_at', seconds: 3600 },
    });
    expect(file).toMatchObject({ object: 'file', bytes: text.length, filename: 'größe "1".jsonl', purpose: 'batch', status: 'processed' });
    expect(file.expires_at).toBe(file.created_at + 3600);
    expect(await client.files.retrieve(file.id)).toEqual(file);
    expect(await (await client.files.content(file.id)).text()).toBe(text);
    const second = await upload([request(1)]);
    const listed = await client.files.list({ purpose: 'batch', limit: 2 });
    expect(listed.data.map(({ id }) => id)).toEqual([second.id, file.id]);
    const all: string[] = [];
    for await (const { id } of client.files.list({ limit: 1, order: 'asc' })) all.push(id);
    expect(all.slice(-2)).toEqual([file.id, second.id]);
    expect(await client.files.delete(file.id)).toEqual({ id: file.id, object: 'file', deleted: true });
    await expect(client.files.retrieve(file.id)).rejects.toMatchObject({ status: 404, code: 'file_not_found' });
    await expect(client.files.content(file.id)).rejects.toMatchObject({ status: 404 });
    await expect(client.files.delete(file.id)).rejects.toMatchObject({ status: 404 });
  });

  it('should list batches, the newest first', async () => {
    const ids = [(await begin([request(0)])).id, (await begin([request(1)])).id];
    const page = await client.batches.list({ limit: 1 });
    expect(page.data.map(({ id }) => id)).toEqual([ids[1]]);
    expect(page.has_more).toBe(true);
    expect((await page.getNextPage()).data.map(({ id }) => id)).toEqual([ids[0]]);
    await Promise.all(ids.map(ended));
  });

  it('should cancel a batch, and give each line one result all the same', async () => {
    const lines = Array.from({ length: 2000 }, (_, index) => request(index, { max_tokens: 60 }));
    const { id } = await begin(lines);
    while ((await client.batches.retrieve(id)).request_counts!.completed === 0) await new Promise((resolve) => setTimeout(resolve, 50));
    expect(['cancelling', 'cancelled']).toContain((await client.batches.cancel(id)).status);
    const batch = await ended(id);
    expect(batch.status).toBe('cancelled');
    const { total, completed, failed } = batch.request_counts!;
    expect(total).toBe(2000);
    expect(completed).toBeGreaterThan(0);
    expect(failed).toBeGreaterThan(0);
    const [output, errors] = [await results(batch.output_file_id), await results(batch.error_file_id)];
    expect([output.length, errors.length]).toEqual([completed, failed]);
    expect(new Set([...output, ...errors].map(({ custom_id }) => custom_id)).size).toBe(2000);
    expect(errors.at(-1)).toMatchObject({ response: null, error: { code: 'batch_cancelled' } });
    await expect(client.batches.cancel((await begin([request(0)]).then(({ id }) => ended(id))).id)).rejects.toMatchObject({ status: 400 });
  });

  it('should send a file back in the parts in which it came, and refuse what no form is', async () => {
    const large = Array.from({ length: 4000 }, (_, index) => request(index, { prompt: 'x'.repeat(3000) }));
    const text = jsonl(large);
    const file = await client.files.create({ file: await toFile(Buffer.from(text), 'large.jsonl'), purpose: 'batch' });
    expect(file.bytes).toBe(text.length);
    expect((await (await client.files.content(file.id)).text()) === text).toBe(true);
    const refusal = async (body: BodyInit, type?: string) => {
      const answer = await fetch(new URL('/v1/files', worker.url), { method: 'POST', body, headers: type ? { 'content-type': type } : {} });
      return { status: answer.status, ...((await answer.json()) as { error: { code: string; param: string | null } }).error };
    };
    expect(await refusal('{}', 'application/json')).toMatchObject({ status: 415, code: 'unsupported_media_type' });
    expect(await refusal('--x\r\n', 'multipart/form-data; boundary=x')).toMatchObject({ status: 400, code: 'invalid_value' });
    const form = (fields: Record<string, string | Blob>) => {
      const form = new FormData();
      for (const [name, value] of Object.entries(fields)) form.append(name, value);
      return form;
    };
    const good = new Blob([jsonl([request(0)])]);
    expect(await refusal(form({ file: good }))).toMatchObject({ status: 400, param: 'purpose' });
    expect(await refusal(form({ file: good, purpose: 'fine-tune' }))).toMatchObject({ status: 400, param: 'purpose' });
    expect(await refusal(form({ purpose: 'batch' }))).toMatchObject({ status: 400, param: 'file' });
    expect(await refusal(form({ purpose: 'batch', file: good, color: 'red' }))).toMatchObject({ status: 400, code: 'unknown_parameter' });
    expect(
      await refusal(form({ purpose: 'batch', file: good, 'expires_after[seconds]': '5', 'expires_after[anchor]': 'created_at' })),
    ).toMatchObject({
      status: 400,
      param: 'expires_after.seconds',
    });
  });
});
