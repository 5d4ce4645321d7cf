import { env, evictDurableObject } from 'cloudflare:test';
import { beforeAll, describe, expect, it } from 'vitest';
import type { WireKeyOptions } from '../../../src/api/access/key-schema.ts';
import { DEFAULT_MODEL, seedModel } from '../helpers.ts';
import { ACCESS, type AccessApp, accessApp, errorOf, eventually, keyOf, OPERATOR_KEY } from './access-app.ts';

beforeAll(() => seedModel(DEFAULT_MODEL));

const app = accessApp();
const completion = { prompt: 'Once upon a time', max_tokens: 4, temperature: 0 };
/** Tokens of that prompt, and of its completion. */
const PROMPT_TOKENS = 4;
const TOKENS = PROMPT_TOKENS + 4;

const keyWith = (limits: WireKeyOptions['limits']) => app.createKey({ limits });
const tally = (statuses: number[]) =>
  Object.fromEntries([...new Set(statuses)].sort().map((status) => [status, statuses.filter((other) => other === status).length]));
const usedBy = (id: string, tokens: number) =>
  eventually(
    () => keyOf(app, id),
    ({ today }) => today.tokens === tokens,
  );

describe('200 requests at the same time', () => {
  it('should be counted exactly: so many as the limit says are admitted, in whichever isolate they arrive', async () => {
    const { key } = await keyWith({ requests_per_minute: 50 });
    // Each app stands for an isolate: they share nothing but the object.
    const apps = Array.from({ length: 4 }, () => accessApp());
    const answers = await Promise.all(Array.from({ length: 200 }, (_, index) => apps[index % 4].fetch('/v1/models', { key })));
    expect(tally(answers.map(({ status }) => status))).toEqual({ 200: 50, 429: 150 });
    const remaining = answers.filter(({ ok }) => ok).map(({ headers }) => Number(headers.get('x-ratelimit-remaining-requests')));
    expect(remaining.sort((one, other) => one - other)).toEqual(Array.from({ length: 50 }, (_, index) => index));
  });

  it('should be counted exactly by tokens, reserved before they generate', async () => {
    const { key, id } = await keyWith({ tokens_per_minute: 20 * TOKENS });
    const answers = await Promise.all(Array.from({ length: 200 }, () => app.post('/v1/completions', completion, { key })));
    expect(tally(answers.map(({ status }) => status))).toEqual({ 200: 20, 429: 180 });
    await Promise.all(answers.map((answer) => answer.text()));
    expect((await usedBy(id, 20 * TOKENS)).today).toMatchObject({ tokens: 20 * TOKENS, requests: 200 });
  });

  it('should be counted exactly by how many run', async () => {
    const { key } = await keyWith({ concurrent: 7 });
    const answers = await Promise.all(
      Array.from({ length: 200 }, () => app.post('/v1/completions', { ...completion, stream: true }, { key })),
    );
    expect(tally(answers.map(({ status }) => status))).toEqual({ 200: 7, 429: 193 });
    // A stream runs until its last byte is read.
    expect((await app.fetch('/v1/models', { key })).status).toBe(429);
    await Promise.all(answers.map((answer) => answer.text()));
    expect(
      await eventually(
        async () => (await app.fetch('/v1/models', { key })).status,
        (status) => status === 200,
      ),
    ).toBe(200);
  });

  it('should leave nothing reserved when they have ended', async () => {
    const { key, id } = await keyWith({ tokens_per_day: 100_000, concurrent: 300 });
    const long = { ...completion, max_tokens: 12, stop: [' a'] };
    const answers = await Promise.all(Array.from({ length: 200 }, () => app.post('/v1/completions', long, { key })));
    const bodies = await Promise.all(answers.map(async (answer) => (await answer.json()) as { usage?: { total_tokens: number } }));
    const used = bodies.reduce((sum, { usage }) => sum + (usage?.total_tokens ?? 0), 0);
    // Some find the queue full. They had reserved like the others.
    expect(tally(answers.map(({ status }) => status))).toEqual({ 200: expect.any(Number), 503: expect.any(Number) });
    expect(used).toBeLessThan(200 * (PROMPT_TOKENS + 12));
    expect((await usedBy(id, used)).today.tokens).toBe(used);
  });
});

describe('a limit', () => {
  it("should answer with OpenAI's status, headers and error", async () => {
    const { key } = await keyWith({ requests_per_minute: 1, tokens_per_minute: 1000 });
    const first = await app.post('/v1/completions', completion, { key });
    expect(Object.fromEntries([...first.headers].filter(([name]) => name.startsWith('x-ratelimit')))).toEqual({
      'x-ratelimit-limit-requests': '1',
      'x-ratelimit-limit-tokens': '1000',
      'x-ratelimit-remaining-requests': '0',
      'x-ratelimit-remaining-tokens': String(1000 - TOKENS),
      'x-ratelimit-reset-requests': expect.stringMatching(/^(1m)?\d[\d.]*m?s$/),
      'x-ratelimit-reset-tokens': expect.stringMatching(/^(1m)?\d[\d.]*m?s$/),
    });
    const second = await app.post('/v1/completions', completion, { key });
    expect(Number(second.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(Number(second.headers.get('retry-after'))).toBeLessThanOrEqual(61);
    expect(second.headers.get('x-ratelimit-remaining-requests')).toBe('0');
    expect(await errorOf(second)).toMatchObject({
      status: 429,
      code: 'rate_limit_exceeded',
      type: 'rate_limit_exceeded',
      message: expect.stringMatching(/^The limit of this key is 1 requests a minute\. Try again in \d+ s\.$/),
    });
  });

  it('should refuse what no waiting can help, and say so', async () => {
    const { key } = await keyWith({ tokens_per_minute: 5 });
    const answer = await app.post('/v1/completions', completion, { key });
    expect(answer.headers.get('retry-after')).toBeNull();
    expect(await errorOf(answer)).toMatchObject({
      status: 429,
      code: 'rate_limit_exceeded',
      message: 'The limit of this key is 5 tokens a minute, and the request may use 8. Ask for less.',
    });
  });

  it('should refuse with insufficient_quota when a budget is spent, which clients do not try again', async () => {
    const { key } = await keyWith({ tokens_per_day: 2 * TOKENS });
    for (let served = 0; served < 2; served++) expect((await app.post('/v1/completions', completion, { key })).status).toBe(200);
    const answer = await app.post('/v1/completions', completion, { key });
    expect(answer.headers.get('x-should-retry')).toBe('false');
    expect(Number(answer.headers.get('retry-after'))).toBeLessThanOrEqual(86_400);
    expect(await errorOf(answer)).toMatchObject({ status: 429, code: 'insufficient_quota', type: 'insufficient_quota' });
  });

  it('should count dollars by the prices of the deployment', async () => {
    const priced = accessApp({ PRICES: 'prompt=1000;completion=10000' });
    // A completion costs 4 x 0.001 + 4 x 0.01 dollars.
    const { key, id } = await priced.createKey({ limits: { dollars_per_day: 0.1 } });
    const statuses = [];
    for (let asked = 0; asked < 3; asked++) statuses.push((await priced.post('/v1/completions', completion, { key })).status);
    expect(statuses).toEqual([200, 200, 429]);
    expect((await usedBy(id, 2 * TOKENS)).today.dollars).toBeCloseTo(0.088, 6);
  });

  it('should take back what a request had reserved that was refused, failed or left', async () => {
    const { key, id } = await keyWith({ tokens_per_day: 2000, concurrent: 2 });
    const refused: [path: string, body: object][] = [
      ['/v1/completions', { ...completion, temperature: 9 }],
      ['/v1/completions', { ...completion, model: 'none' }],
      ['/v1/completions', { ...completion, max_tokens: 600 }],
      ['/v1/completions', { ...completion, timeout_ms: 1, max_tokens: 500 }],
      ['/nowhere', {}],
    ];
    for (const [path, body] of refused) expect((await app.post(path, body, { key })).status).toBeGreaterThanOrEqual(400);
    const left = await app.post('/v1/completions', { ...completion, max_tokens: 400, stream: true }, { key });
    const reader = left.body!.getReader();
    await reader.read();
    await reader.cancel();
    const { today } = await eventually(
      () => keyOf(app, id),
      ({ today }) => today.tokens < 100,
    );
    expect(today.requests).toBe(6);
    // What was generated before the reader left counts, and its prompt.
    expect(today.tokens).toBeGreaterThan(PROMPT_TOKENS);
    expect(today.tokens).toBeLessThan(200);
    // Nothing of all that still runs.
    const answers = await Promise.all([1, 2].map(() => app.post('/v1/completions', completion, { key })));
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  });

  it('should count tokens of distributions, and no tokens of what generates nothing', async () => {
    const { key, id } = await keyWith({});
    await (await app.post('/tokenize', { prompt: 'Once' }, { key })).text();
    await (await app.post('/v1/next-token', { prompt: 'Once upon a time' }, { key })).text();
    await (await app.post('/v1/embeddings', { input: 'Once upon a time' }, { key })).text();
    expect((await usedBy(id, 2 * PROMPT_TOKENS)).today).toMatchObject({ requests: 3, tokens: 2 * PROMPT_TOKENS });
  });

  it('should still count after the object was evicted', async () => {
    const { key, id } = await keyWith({ requests_per_minute: 2, concurrent: 5 });
    const running = await app.post('/v1/completions', { ...completion, stream: true }, { key });
    await evictDurableObject(ACCESS.getByName('access'));
    expect((await app.fetch('/v1/models', { key })).status).toBe(200);
    expect((await app.fetch('/v1/models', { key })).status).toBe(429);
    await running.text();
    expect((await usedBy(id, TOKENS)).today).toMatchObject({ requests: 2, tokens: TOKENS });
  });
});

describe('a public deployment', () => {
  const open = (vars = {}) => accessApp({ PUBLIC: 'true', ...vars });
  const statuses = (served: AccessApp, address: string, count: number) =>
    Promise.all(Array.from({ length: count }, async () => (await served.fetch('/v1/models', { address })).status));

  it('should limit each client address by itself', async () => {
    const served = open({ PUBLIC_LIMITS: 'requests_per_minute=3;concurrent=100' });
    expect(tally(await statuses(served, '192.0.2.1', 10))).toEqual({ 200: 3, 429: 7 });
    expect(tally(await statuses(served, '192.0.2.2', 2))).toEqual({ 200: 2 });
    // All addresses of one IPv6 subscriber are one client.
    const six = Array.from({ length: 10 }, (_, index) => served.fetch('/v1/models', { address: `2001:db8::${index}` }));
    expect(tally((await Promise.all(six)).map(({ status }) => status))).toEqual({ 200: 3, 429: 7 });
    expect((await served.fetch('/v1/models', { address: '2001:db8:0:1::1' })).status).toBe(200);
    expect(await errorOf(await served.fetch('/v1/models', { address: '192.0.2.1' }))).toMatchObject({
      message: expect.stringContaining('your address'),
    });
  });

  it('should have sane limits by itself', async () => {
    const answer = await open().fetch('/v1/models', { address: '192.0.2.3' });
    expect(answer.headers.get('x-ratelimit-limit-requests')).toBe('30');
    expect(answer.headers.get('x-ratelimit-limit-tokens')).toBe('20000');
  });

  it('should not count what costs nothing, nor the keys of other programs', async () => {
    const served = open({ PUBLIC_LIMITS: 'requests_per_minute=1' });
    const address = '192.0.2.4';
    for (const path of ['/health', '/openapi.json', '/health']) expect((await served.fetch(path, { address })).status).toBe(200);
    expect((await served.fetch('/v1/models', { address, key: 'unused' })).status).toBe(200);
  });

  it('should still check a key of its own', async () => {
    const served = open();
    const { key } = await served.createKey({ routes: ['/v1/models'] });
    expect((await served.fetch('/v1/models', { key })).status).toBe(200);
    expect((await served.post('/tokenize', { prompt: '' }, { key })).status).toBe(403);
    expect((await served.fetch('/v1/models', { key: `${key.slice(0, -3)}000` })).status).toBe(401);
  });

  it('should end for the day, for everyone, when the budget of the deployment is spent', async () => {
    const served = open({ PUBLIC_LIMITS: 'off', DAILY_BUDGET: String(3 * TOKENS) });
    const { key } = await served.createKey();
    const asks = [{ key }, { address: '192.0.2.5' }, { address: '192.0.2.6' }, { key }, { address: '192.0.2.7' }];
    const answers = [];
    for (const ask of asks) answers.push(await served.post('/v1/completions', completion, ask));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429, 429]);
    expect(await errorOf(answers[3])).toMatchObject({ code: 'insufficient_quota', message: expect.stringContaining('this deployment') });
  });

  it('should refuse a flood before it is counted, where the platform has a rate limiter', async () => {
    // The platform's own binding, which lets three through.
    const served = open({ RATE_LIMITER: (env as unknown as { TEST_RATE_LIMITER: RateLimit }).TEST_RATE_LIMITER });
    const address = '192.0.2.8';
    for (let time = 0; time < 3; time++) expect((await served.fetch('/v1/models', { address })).status).toBe(200);
    const answer = await served.fetch('/v1/models', { address });
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '10']);
    expect((await served.fetch('/v1/models', { address: '192.0.2.9' })).status).toBe(200);
  });

  it('should not start without what counts', () => {
    expect(() => open({ ACCESS: undefined })).toThrow(/needs the binding ACCESS/);
    expect(() => open({ ACCESS: undefined, PUBLIC_LIMITS: 'off', DAILY_BUDGET: '10' })).toThrow(/DAILY_BUDGET needs/);
    expect(() => open({ ACCESS: undefined, PUBLIC_LIMITS: 'off' })).not.toThrow();
    expect(() => accessApp({ OPERATOR_KEY: 'short' })).toThrow(/at least 32 characters/);
    expect(OPERATOR_KEY.length).toBeGreaterThanOrEqual(32);
  });
});
