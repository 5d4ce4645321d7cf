import { Hono } from 'hono';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type RequestLine, writeRequestLine } from '../../../src/api/request-log/request-line.ts';
import { loadedBytes, type Manifest } from '../../../src/core/folder/manifest.ts';
import { DEFAULT_MODEL, readEvents, seedModel } from '../helpers.ts';
import { appOver } from './support.ts';

const lines: RequestLine[] = [];
const app = appOver(true, (line) => lines.push(line));

const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  app.request(path, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) });

const SECRET = 'A secret of the user';
const messages = [{ role: 'user', content: SECRET }];

let manifest: Manifest;
beforeAll(async () => {
  manifest = await seedModel(DEFAULT_MODEL);
});
afterEach(() => {
  lines.length = 0;
  vi.restoreAllMocks();
});

describe('the log line of a request', () => {
  it('should have the figures of a completion', async () => {
    const answer = await post('/v1/completions', { prompt: ['Once upon a time', 'Once'], max_tokens: 3, n: 2 }, { 'x-request-id': 'mine' });
    const { usage } = (await answer.json()) as { usage: { prompt_tokens: number } };
    expect(usage.prompt_tokens).toBe(5);
    expect(lines).toEqual([
      {
        method: 'POST',
        path: '/v1/completions',
        status: 200,
        duration_ms: expect.any(Number),
        model: 'tinystories-gpt2',
        version: expect.stringMatching(/^[0-9a-f]{12}$/),
        prompt_tokens: 5,
        completion_tokens: 12,
        load_ms: expect.any(Number),
        // The model is loaded for the first request.
        load_bytes: loadedBytes(manifest),
        queue_ms: expect.any(Number),
        cached_tokens: 0,
        // Two choices of two prompts.
        batch_size: expect.closeTo(3.3, 0),
        finish_reason: 'length',
        request_id: 'mine',
      },
    ]);
    expect(answer.headers.get('server-timing')).toMatch(
      /^load;dur=\d+;desc="cold, \d{7} bytes", queue;dur=\d+, cached;desc="0 tokens", batch;desc="[\d.]+", work;desc="\d+ multiply-adds"$/,
    );
  });

  it('should say that the model was there, and how many requests a stream begins with', async () => {
    const body = { prompt: 'Once upon a time', max_tokens: 200, logit_bias: { 0: -100 }, stream: true };
    const other = await post('/v1/completions', body);
    const answer = await post('/v1/completions', { ...body, max_tokens: 2 });
    expect(answer.headers.get('server-timing')).toMatch(/^load;dur=\d+;desc="warm", .*, batch;desc="2"/);
    await Promise.all([other.text(), answer.text()]);
    await vi.waitFor(() => expect(lines).toHaveLength(2));
    expect(lines.map(({ load_bytes }) => load_bytes)).toEqual([0, 0]);
  });

  it('should be written when a stream has ended, and not before', async () => {
    const answer = await post('/v1/chat/completions', { messages, max_tokens: 60, temperature: 0, stop: '.', n: 2, stream: true });
    expect(lines).toEqual([]);
    const events = await readEvents(answer);
    expect(events.at(-1)).toBe('[DONE]');
    await vi.waitFor(() => expect(lines).toHaveLength(1));
    expect(lines[0]).toMatchObject({ path: '/v1/chat/completions', status: 200, stream: true, finish_reason: 'stop' });
    expect(lines[0].prompt_tokens).toBeGreaterThan(5);
    expect(lines[0].completion_tokens).toBeGreaterThan(2);
    expect(lines[0]).not.toHaveProperty('aborted', true);
  });

  it('should name both reasons if choices ended differently', async () => {
    const stops = { prompt: ['Once upon a time', 'The dog'], max_tokens: 3, temperature: 0, stop: ' there' };
    const answer = await post('/v1/completions', stops);
    const { choices } = (await answer.json()) as { choices: { finish_reason: string }[] };
    const reasons = [...new Set(choices.map(({ finish_reason }) => finish_reason))].sort();
    expect(reasons).toEqual(['length', 'stop']);
    expect(lines[0].finish_reason).toBe('length,stop');
  });

  it('should mark a stream whose reader left, with the tokens generated until then', async () => {
    const answer = await post('/v1/completions', { prompt: 'Once', max_tokens: 400, logit_bias: { 0: -100 }, stream: true });
    const reader = answer.body!.getReader();
    await reader.read();
    await reader.cancel();
    await vi.waitFor(() => expect(lines).toHaveLength(1));
    expect(lines[0]).toMatchObject({ aborted: true, stream: true, status: 200 });
    expect(lines[0].completion_tokens).toBeGreaterThan(0);
    expect(lines[0].completion_tokens).toBeLessThan(400);
    expect(lines[0].finish_reason).toBeUndefined();
  });

  it('should mark a request that was aborted before its answer with 499, and not as a failure', async () => {
    const logged = vi.spyOn(console, 'error').mockImplementation(() => {});
    const controller = new AbortController();
    const request = new Request('http://edge/v1/completions', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ prompt: 'Once', max_tokens: 500, n: 128, logit_bias: { 0: -100 } }),
      signal: controller.signal,
    });
    const answer = app.request(request);
    setTimeout(() => controller.abort(), 200);
    expect((await answer).status).toBe(499);
    expect(lines).toMatchObject([{ status: 499, aborted: true }]);
    expect(lines[0].error).toBeUndefined();
    expect(logged).not.toHaveBeenCalled();
  });

  it.each<[string, () => Response | Promise<Response>, Partial<RequestLine>]>([
    ['an unknown path', () => app.request('/nowhere?prompt=x'), { path: '/nowhere', status: 404, error: 'unknown_url' }],
    [
      'another method',
      () => app.request('/health', { method: 'DELETE' }),
      { method: 'DELETE', path: '/health', status: 405, error: 'method_not_allowed' },
    ],
    ['an unknown model', () => post('/v1/completions', { model: 'gpt-9', prompt: SECRET }), { status: 404, error: 'model_not_found' }],
    [
      'a prompt that is too long',
      () => post('/v1/completions', { prompt: SECRET, max_tokens: 600 }),
      { status: 400, error: 'context_length_exceeded', model: 'tinystories-gpt2' },
    ],
    ['an unknown field', () => post('/tokenize', { prompt: SECRET, secret: SECRET }), { status: 400, error: 'unknown_parameter' }],
    ['a body that is not JSON', () => post('/tokenize', undefined), { status: 400, error: 'invalid_json' }],
    ['the next token', () => post('/v1/next-token', { prompt: 'Once upon a time' }), { status: 200, prompt_tokens: 4 }],
    ['tokenize', () => post('/tokenize', { prompt: 'Once' }), { status: 200, model: 'tinystories-gpt2' }],
    ['health', () => app.request('/health'), { method: 'GET', path: '/health', status: 200 }],
    ['a preflight', () => app.request('/v1/models', { method: 'OPTIONS' }), { method: 'OPTIONS', status: 204 }],
  ])('should be written for %s', async (_, ask, expected) => {
    const answer = await ask();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject(expected);
    expect(lines[0].request_id).toBe(answer.headers.get('x-request-id'));
    expect(lines[0].error).toBe(expected.error);
  });

  it('should contain no text of prompts, messages or completions, and no query', async () => {
    const bodies = [{ prompt: SECRET }, { prompt: SECRET, echo: true, stream: true }, { prompt: SECRET, secret: SECRET }, { stop: SECRET }];
    for (const body of bodies) await (await post('/v1/completions', { max_tokens: 2, user: SECRET, ...body })).text();
    await (await post('/v1/chat/completions', { messages, max_tokens: 2 })).text();
    await app.request('/v1/models?key=secret');
    await vi.waitFor(() => expect(lines).toHaveLength(6));
    expect(JSON.stringify(lines)).not.toMatch(/secret/i);
  });

  it("should cut a path that is longer than any of the API's", async () => {
    await app.request(`/${'x'.repeat(5000)}`);
    expect(lines[0].path).toBe(`/${'x'.repeat(127)}…`);
  });

  it('should be one line of JSON on the console, and an error if the server failed', () => {
    const log = vi.spyOn(console, 'log').mockImplementation(() => {});
    const error = vi.spyOn(console, 'error').mockImplementation(() => {});
    const line: RequestLine = { method: 'GET', path: '/a\nb', status: 404, duration_ms: 1, error: 'unknown_url', request_id: 'r' };
    writeRequestLine(line);
    expect(log.mock.calls).toEqual([
      ['{"method":"GET","path":"/a\\nb","status":404,"duration_ms":1,"error":"unknown_url","request_id":"r"}'],
    ]);
    writeRequestLine({ ...line, status: 503, error: 'model_unavailable' });
    writeRequestLine({ ...line, status: 200, error: 'internal_error' });
    expect(error).toHaveBeenCalledTimes(2);
  });
});

describe('x-request-id', () => {
  const idFor = async (id: string, path = '/health') =>
    (await app.request(path, { headers: { 'x-request-id': id } })).headers.get('x-request-id');

  it("should be the client's if that is short and plain", async () => {
    for (const id of ['a', 'req_0-9=', 'x'.repeat(128)]) expect(await idFor(id)).toBe(id);
    expect(await idFor('mine', '/nowhere')).toBe('mine');
  });

  it('should be a new one otherwise', async () => {
    for (const id of ['x'.repeat(129), 'two words', 'a"b', '{}']) expect(await idFor(id)).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('should be on preflights and streams too', async () => {
    const preflight = await app.request('/v1/completions', { method: 'OPTIONS', headers: { 'x-request-id': 'mine' } });
    expect(preflight.headers.get('x-request-id')).toBe('mine');
    const stream = await post('/v1/completions', { prompt: 'Once', max_tokens: 1, stream: true }, { 'x-request-id': 'mine' });
    expect(stream.headers.get('x-request-id')).toBe('mine');
    expect(stream.headers.get('access-control-expose-headers')).toContain('x-request-id');
    await stream.text();
  });
});

describe('the routes within another app', () => {
  const mount = (isPublic: boolean) =>
    new Hono()
      .get('/', (c) => c.text('mine'))
      .route(
        '/llm',
        appOver(isPublic, () => {}),
      );

  it('should answer below the path where they are mounted, also with errors', async () => {
    const own = mount(true);
    expect(await (await own.request('/')).text()).toBe('mine');
    const init = { method: 'POST', headers: { 'content-type': 'application/json' } };
    const answer = await own.request('/llm/v1/completions', {
      ...init,
      body: JSON.stringify({ prompt: 'Once upon a time', max_tokens: 3, temperature: 0 }),
    });
    expect(await answer.json()).toMatchObject({ choices: [{ text: ', there was' }] });
    const refused = await own.request('/llm/v1/completions', { ...init, body: '{"best": 1}' });
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({ error: { code: 'unknown_parameter' } });
    expect((await own.request('/llm/v1/completions')).status).toBe(405);
  });

  it('should answer nothing but /health unless they are declared public', async () => {
    const own = mount(false);
    expect((await own.request('/llm/health')).status).toBe(200);
    expect((await own.request('/llm/v1/models')).status).toBe(401);
    expect((await own.request('/')).status).toBe(200);
  });
});
