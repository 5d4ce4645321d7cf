import { beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_MODEL, seedModel } from '../helpers.ts';
import { accessApp, errorOf, keyOf, OPERATOR_KEY } from './access-app.ts';

beforeAll(async () => {
  await seedModel(DEFAULT_MODEL);
  await seedModel(DEFAULT_MODEL, { id: 'second' });
});

const app = accessApp({}, ['tinystories-gpt2', 'second']);
const completion = { prompt: 'Once upon a time', max_tokens: 2, temperature: 0 };
const now = () => Math.floor(Date.now() / 1000);

describe('a deployment that is not public', () => {
  it.each([
    ['GET', '/v1/models'],
    ['POST', '/v1/completions'],
    ['GET', '/'],
    ['GET', '/docs'],
    ['GET', '/nowhere'],
    ['GET', '/openapi.json'],
    ['GET', '/%761/models'],
    ['GET', '//v1/models'],
    ['GET', '/health/../v1/models'],
    ['GET', '/healthy'],
  ])('should refuse a request without a key: %s %s', async (method, path) => {
    const answer = await app.fetch(path, { method });
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    expect(await errorOf(answer)).toMatchObject({ status: 401, code: 'unauthorized', type: 'invalid_request_error' });
  });

  it('should say that it lives to whoever asks', async () => {
    for (const path of ['/health', '/health/', '//health']) expect((await app.fetch(path)).status).toBe(200);
  });

  it('should serve a key in each header that clients send it in', async () => {
    const { key } = await app.createKey();
    const sent: Record<string, string>[] = [
      { authorization: `Bearer ${key}` },
      { authorization: `bearer  ${key} ` },
      { 'api-key': key },
      { 'x-api-key': key },
    ];
    for (const headers of sent)
      expect((await app.post('/v1/completions', completion, { headers })).status, JSON.stringify(headers)).toBe(200);
  });

  it('should refuse a key in the query, or in another scheme', async () => {
    const { key } = await app.createKey();
    expect((await app.fetch(`/v1/models?key=${key}&api-key=${key}`)).status).toBe(401);
    expect((await app.fetch('/v1/models', { headers: { authorization: `Basic ${key}` } })).status).toBe(401);
  });

  it.each([
    ['of another form', () => 'sk-0123456789'],
    ['empty', () => ''],
    ['of a key that does not exist', () => `ge_sk_${'0'.repeat(16)}_${'0'.repeat(64)}`],
    ['with another secret', (key: string) => `${key.slice(0, -1)}${key.endsWith('0') ? '1' : '0'}`],
    ['cut', (key: string) => key.slice(0, -1)],
    ['with something behind it', (key: string) => `${key}0`],
    ['in capitals', (key: string) => key.toUpperCase()],
    ["the operator's", () => OPERATOR_KEY],
  ])('should refuse a key: %s', async (_, change) => {
    const { key } = await app.createKey();
    const answer = await app.fetch('/v1/models', { key: change(key) });
    const text = await answer.text();
    expect(answer.status, text).toBe(401);
    expect(text).not.toContain(key.slice(0, 30));
  });
});

describe('a key', () => {
  it('should be refused as soon as it is revoked, for good', async () => {
    const { key, id } = await app.createKey();
    expect((await app.fetch('/v1/models', { key })).status).toBe(200);
    expect((await app.operator(`/operator/keys/${id}`, { method: 'DELETE' })).status).toBe(200);
    expect(await errorOf(await app.fetch('/v1/models', { key }))).toMatchObject({
      status: 401,
      code: 'invalid_api_key',
      message: 'The key was revoked.',
    });
    expect((await keyOf(app, id)).revoked_at).toBeGreaterThan(now() - 10);
    const rotation = await app.post(`/operator/keys/${id}/rotate`, {}, { key: OPERATOR_KEY });
    expect(await errorOf(rotation)).toMatchObject({ status: 404, code: 'key_not_found' });
  });

  it('should be refused when it has expired', async () => {
    const { key } = await app.createKey({ expires_at: now() + 1 });
    expect((await app.fetch('/v1/models', { key })).status).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, 1100));
    expect(await errorOf(await app.fetch('/v1/models', { key }))).toMatchObject({ status: 401, message: 'The key has expired.' });
  });

  it('should get another secret by rotation, and keep the one before for as long as was asked', async () => {
    const first = await app.createKey();
    const rotate = async (grace_seconds?: number) =>
      (await (await app.post(`/operator/keys/${first.id}/rotate`, { grace_seconds }, { key: OPERATOR_KEY })).json()) as typeof first;
    const second = await rotate();
    expect(second).toMatchObject({ id: first.id, owner: first.owner });
    const status = async ({ key }: { key: string }) => (await app.fetch('/v1/models', { key })).status;
    expect([await status(first), await status(second)]).toEqual([401, 200]);
    const third = await rotate(1);
    expect([await status(first), await status(second), await status(third)]).toEqual([401, 200, 200]);
    await new Promise((resolve) => setTimeout(resolve, 1100));
    expect([await status(second), await status(third)]).toEqual([401, 200]);
  });

  it('should be kept as a hash, and shown once', async () => {
    const { key, id } = await app.createKey({ name: 'mine' });
    const list = await (await app.operator('/operator/keys')).text();
    expect(list).toContain(id);
    expect(list).not.toContain(key.split('_')[3]);
    expect(list).not.toMatch(/hash/);
  });

  it('should see and use its models alone, the first of them by default', async () => {
    const { key } = await app.createKey({ models: ['second'] });
    const { data } = (await (await app.fetch('/v1/models', { key })).json()) as { data: { id: string }[] };
    expect(data.map(({ id }) => id)).toEqual(['second']);
    expect((await app.fetch('/v1/models/tinystories-gpt2', { key })).status).toBe(404);
    const denied = await app.post('/v1/completions', { ...completion, model: 'tinystories-gpt2' }, { key });
    expect(await errorOf(denied)).toMatchObject({ status: 404, code: 'model_not_found', param: 'model' });
    const served = (await (await app.post('/v1/completions', completion, { key })).json()) as { model: string };
    expect(served.model).toBe('second');
    const { key: none } = await app.createKey({ models: ['third'] });
    expect(await errorOf(await app.post('/v1/completions', completion, { key: none }))).toMatchObject({ code: 'model_not_found' });
  });

  it('should use its routes alone, and what lies below them', async () => {
    const { key } = await app.createKey({ routes: ['/v1/models'] });
    for (const path of ['/v1/models', '/v1/models/second', '/v1//models/']) expect((await app.fetch(path, { key })).status, path).toBe(200);
    for (const path of ['/v1/completions', '/tokenize', '/v1', '/v1/modelsx', '/v1/models/../completions'])
      expect(await errorOf(await app.post(path, completion, { key })), path).toMatchObject({ status: 403, code: 'forbidden' });
  });

  it('should be served to pages of its origins alone, if it has any', async () => {
    const origins = ['https://app.example'];
    const { key: secret } = await app.createKey({ origins });
    const { key: publishable } = await app.createKey({ kind: 'publishable', origins });
    const { key: anywhere } = await app.createKey();
    expect(publishable).toMatch(/^ge_pk_/);
    const status = async (key: string, origin?: string, headers = {}) => (await app.fetch('/v1/models', { key, origin, headers })).status;
    for (const key of [secret, publishable]) {
      expect(await status(key, 'https://app.example')).toBe(200);
      for (const origin of ['https://app.example.evil', 'http://app.example', 'https://app.example:8443', 'null', 'https://APP.example'])
        expect(await status(key, origin), origin).toBe(403);
    }
    expect([await status(secret), await status(publishable)]).toEqual([200, 403]);
    expect([await status(anywhere), await status(anywhere, 'https://elsewhere.example')]).toEqual([200, 200]);
    const { key: own } = await app.createKey({ kind: 'publishable', origins: ['http://edge'] });
    expect(await status(own, undefined, { 'sec-fetch-site': 'same-origin' })).toBe(200);
    expect(await status(own, undefined, { 'sec-fetch-site': 'cross-site' })).toBe(403);
  });

  it('should have routes and limits of its own if it is publishable', async () => {
    const options = { kind: 'publishable' as const, origins: ['https://app.example'] };
    const { key, limits } = await app.createKey({ ...options, limits: { tokens_per_day: 1000 } });
    expect(limits).toMatchObject({ requests_per_minute: 120, concurrent: 16, tokens_per_day: 1000 });
    expect((await app.post('/v1/files', {}, { key, origin: options.origins[0] })).status).toBe(403);
    const answer = await app.post('/v1/completions', completion, { key, origin: options.origins[0], address: '192.0.2.77' });
    // Each visitor has the limits of an address, which are lower than those of the key.
    expect(answer.headers.get('x-ratelimit-limit-requests')).toBe('30');
  });

  it.each([
    [{ name: '' }, 'name'],
    [{ kind: 'admin' }, 'kind'],
    [{ kind: 'publishable' }, 'origins'],
    [{ origins: ['https://app.example/'] }, 'origins[0]'],
    [{ origins: ['javascript:alert(1)'] }, 'origins[0]'],
    [{ routes: ['v1'] }, 'routes[0]'],
    [{ routes: ['/v1/../operator'] }, 'routes[0]'],
    [{ models: ['../x'] }, 'models[0]'],
    [{ limits: { requests_per_minute: 0 } }, 'limits.requests_per_minute'],
    [{ limits: { requests_per_hour: 1 } }, 'limits.requests_per_hour'],
    [{ expires_at: -1 }, 'expires_at'],
    [{ owner: 'me' }, 'owner'],
  ])('should not be created with a mistake: %j', async (options, param) => {
    const answer = await app.post('/operator/keys', { name: 'x', ...options }, { key: OPERATOR_KEY });
    expect(await errorOf(answer)).toMatchObject({ status: 400, param });
  });
});
