import { beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_MODEL, seedModel } from '../helpers.ts';
import { accessApp, errorOf, eventually, OPERATOR_KEY } from './access-app.ts';

beforeAll(() => seedModel(DEFAULT_MODEL));

const ROUTES = [
  ['GET', '/operator/keys'],
  ['POST', '/operator/keys'],
  ['POST', '/operator/keys/0/rotate'],
  ['DELETE', '/operator/keys/0'],
  ['GET', '/metrics'],
  ['GET', '/v1/engine'],
  ['POST', '/v1/engine/stop'],
  ['GET', '/%6detrics'],
  ['GET', '//metrics/'],
  ['GET', '/operator'],
] as const;

describe("the operator's routes", () => {
  it.each(ROUTES)('should be closed to everyone else, also where the deployment is public: %s %s', async (method, path) => {
    for (const vars of [{}, { PUBLIC: 'true', PUBLIC_LIMITS: 'off' }]) {
      const app = accessApp(vars);
      const { key } = await app.createKey();
      for (const sent of [undefined, key, `${OPERATOR_KEY}0`, OPERATOR_KEY.slice(1), ''])
        expect(await errorOf(await app.fetch(path, { method, key: sent })), `${sent}`).toMatchObject({ status: 401, code: 'unauthorized' });
    }
  });

  it('should be closed to everyone where there is no operator’s key', async () => {
    const app = accessApp({ OPERATOR_KEY: '' });
    for (const [method, path] of ROUTES) expect((await app.fetch(path, { method, key: OPERATOR_KEY })).status, path).toBe(401);
  });

  it('should not open the API with the operator’s key', async () => {
    expect((await accessApp().operator('/v1/models')).status).toBe(401);
  });

  it('should say what was not found', async () => {
    const app = accessApp();
    expect((await app.operator('/operator')).status).toBe(404);
    expect((await app.operator('/operator/keys', { method: 'PUT' })).status).toBe(405);
    for (const id of ['0'.repeat(16), '..%2f..%2fx', '__proto__', "' OR 1=1 --"]) {
      const answer = await app.operator(`/operator/keys/${encodeURIComponent(id)}`, { method: 'DELETE' });
      expect(await errorOf(answer), id).toMatchObject({ status: 404, code: 'key_not_found' });
    }
  });

  it('should not be in the document that is for callers', async () => {
    const app = accessApp({ PUBLIC: 'true' });
    const { paths } = (await (await app.fetch('/openapi.json')).json()) as { paths: object };
    expect(Object.keys(paths).filter((path) => /operator|metrics|turnstile/.test(path))).toEqual([]);
  });
});

describe('/metrics', () => {
  it('should count requests, refusals and tokens in the text format of Prometheus', async () => {
    const app = accessApp();
    const { key } = await app.createKey({ limits: { requests_per_minute: 2 } });
    const body = { prompt: 'Once upon a time', max_tokens: 3, temperature: 0 };
    for (let asked = 0; asked < 3; asked++) await (await app.post('/v1/completions', body, { key })).text();
    await app.fetch('/v1/models', { key: `${key.slice(0, -4)}0000` });
    const text = await eventually(
      async () => (await app.operator('/metrics')).text(),
      (text) => text.includes('gpt_edge_request_seconds_count 2'),
    );
    for (const line of [
      'gpt_edge_requests_total{status="200",model="tinystories-gpt2"} 2',
      'gpt_edge_refusals_total{reason="requestsPerMinute"} 1',
      'gpt_edge_refusals_total{reason="key_invalid"} 1',
      'gpt_edge_tokens_total{kind="prompt",model="tinystories-gpt2"} 8',
      'gpt_edge_tokens_total{kind="completion",model="tinystories-gpt2"} 6',
      'gpt_edge_running_requests 0',
      'gpt_edge_request_seconds_bucket{le="+Inf"} 2',
    ])
      expect(text.split('\n')).toContain(line);
    // Each line is a comment or a sample, as the format has it.
    for (const line of text.trim().split('\n'))
      expect(line).toMatch(/^(# (HELP|TYPE) gpt_edge_\w+ .+|gpt_edge_\w+(\{(\w+="[^"\n]*",?)+\})? [\d.]+(e[+-]\d+)?)$/);
    expect((await app.operator('/metrics')).headers.get('content-type')).toBe('text/plain; version=0.0.4');
  });
});
