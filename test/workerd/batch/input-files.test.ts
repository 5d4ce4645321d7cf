import { beforeAll, describe, expect, it, vi } from 'vitest';
import { errorOf } from '../access/access-app.ts';
import { DEFAULT_MODEL, seedModel, testEnv } from '../helpers.ts';
import { batchApp, json, jsonl, request, requests } from './batch-app.ts';

beforeAll(() => seedModel(DEFAULT_MODEL));

const app = batchApp({ BATCH_LINES: '100', BATCH_FILE_MB: '2' });
const good = request(0);
const { custom_id: _, ...nameless } = good;

describe('an input file with a bad line', () => {
  it.each([
    ['no JSON', [good, 'nonsense'], 'Line 2: it is not a JSON object.'],
    ['an array', [[good]], 'Line 1: it is not a JSON object.'],
    ['no custom_id', [good, nameless], 'Line 2: custom_id must be a text of 1 to 256 characters, but it is missing.'],
    ['an empty custom_id', [{ ...good, custom_id: '' }], 'Line 1: custom_id must be a text of 1 to 256 characters, not "".'],
    ['a custom_id twice', [good, request(1), good], 'Line 3: custom_id "request-0" is that of line 1, too.'],
    ['another method', [{ ...good, method: 'GET' }], 'Line 1: method must be "POST", not "GET".'],
    [
      'another url',
      [{ ...good, url: '/v1/files' }],
      'Line 1: url must be one of /v1/completions, /v1/chat/completions, /v1/embeddings, not "/v1/files".',
    ],
    [
      'two urls',
      [good, { ...request(1), url: '/v1/embeddings' }],
      'Line 2: url is /v1/embeddings, and that of the lines before is /v1/completions: a batch has one.',
    ],
    ['no body', [{ ...good, body: null }], 'Line 1: body must be an object, not null.'],
    ['a stream', [{ ...good, body: { prompt: 'Hi', stream: true } }], 'Line 1: body.stream must not be true: a batch has no streams.'],
    ['more lines than may be', requests(101), 'Line 101: the file has more than 100 requests.'],
    ['a line that is too long', [good, request(1, { prompt: 'x'.repeat(2 ** 20) })], 'Line 2: it has more than 1048576 bytes.'],
  ])('should be refused with its number: %s', async (_case, lines, message) => {
    const text = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n');
    expect(await errorOf(await app.upload(text))).toEqual({
      status: 400,
      type: 'invalid_request_error',
      code: 'invalid_value',
      param: 'file',
      message,
    });
  });

  it('should count lines of white space, and take line ends of Windows', async () => {
    const text = `\r\n${JSON.stringify(good)}\r\n\r\n${JSON.stringify(request(1))}\r\n`;
    expect((await app.upload(text)).status).toBe(200);
    expect((await errorOf(await app.upload(`${text}\n[]`))).message).toBe('Line 6: it is not a JSON object.');
  });

  it('should be refused if it has no requests, or is not UTF-8', async () => {
    expect((await errorOf(await app.upload('\n \n'))).message).toBe('The file has no requests.');
    const form = new FormData();
    form.append('purpose', 'batch');
    form.append('file', new Blob([new Uint8Array([123, 255, 125])]), 'x.jsonl');
    expect((await errorOf(await app.fetch('/v1/files', { method: 'POST', body: form }))).message).toBe('Line 1: it is not UTF-8.');
  });

  it('should leave nothing in the bucket', async () => {
    const names = async () => (await testEnv.MODELS.list({ prefix: 'file' })).objects.map(({ key }) => key);
    const before = await names();
    const late = [...requests(50, { prompt: 'x'.repeat(30_000) }), good];
    expect((await app.upload(late)).status).toBe(400);
    expect(await names()).toEqual(before);
  });
});

describe('an upload', () => {
  it('should be refused when it has more bytes than may be', async () => {
    const lines = requests(90, { prompt: 'x'.repeat(30_000) });
    expect(await errorOf(await app.upload(lines))).toMatchObject({ status: 413, code: 'request_too_large', param: 'file' });
    expect((await app.upload(lines.slice(0, 60))).status).toBe(200);
  });

  it('should be read wherever the network cuts it', async () => {
    const boundary = 'xx';
    const text = `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.jsonl"\r\n\r\n${jsonl([good])}\r\n--${boundary}\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n--${boundary}--\r\n`;
    const bytes = new TextEncoder().encode(text);
    for (const size of [1, 2, 3, 7, 64]) {
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.slice(at, at + size));
          controller.close();
        },
      });
      const answer = await app.fetch('/v1/files', {
        method: 'POST',
        body,
        headers: { 'content-type': `multipart/form-data; boundary="${boundary}"` },
      });
      expect(await json(answer), `chunks of ${size}`).toMatchObject({ bytes: jsonl([good]).length, filename: 'a.jsonl' });
    }
  });

  it('should be refused when it stands still', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const body = new ReadableStream<Uint8Array>({ pull: () => new Promise(() => {}) });
    const answer = app.fetch('/v1/files', { method: 'POST', body, headers: { 'content-type': 'multipart/form-data; boundary=xx' } });
    let isDone = false;
    answer.finally(() => {
      isDone = true;
    });
    for (let turn = 0; !isDone && turn < 200; turn++) {
      await vi.advanceTimersByTimeAsync(1000);
      await scheduler.wait(1);
    }
    vi.useRealTimers();
    expect(await errorOf(await answer)).toMatchObject({ status: 408, code: 'timeout' });
  });

  it.each([
    ['an end that is missing', '--xx\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n'],
    ['a part without a name', '--xx\r\n\r\nbatch\r\n--xx--'],
    ['a header that does not end', `--xx\r\nX: ${'y'.repeat(10_000)}`],
    ['a field that is too long', `--xx\r\nContent-Disposition: form-data; name="purpose"\r\n\r\n${'y'.repeat(2000)}\r\n--xx--`],
    [
      'two files',
      ['--xx', '--xx', '--xx--'].join(`\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n${jsonl([good])}\r\n`),
    ],
  ])('should be refused with %s', async (_case, body) => {
    const answer = await app.fetch('/v1/files', { method: 'POST', body, headers: { 'content-type': 'multipart/form-data; boundary=xx' } });
    expect(await errorOf(answer)).toMatchObject({ status: 400, code: 'invalid_value' });
  });
});

describe('a deployment without the bindings', () => {
  it.each(['/v1/files', '/v1/files/file-1', '/v1/batches', '/v1/batches/batch_1/cancel'])('should say so at %s', async (path) => {
    const without = batchApp({ BATCH_QUEUE: undefined });
    expect(await errorOf(await without.fetch(path))).toMatchObject({
      status: 501,
      code: 'not_configured',
      message: expect.stringContaining('BATCH_QUEUE'),
    });
  });
});
