import { describe, expect, it } from 'vitest';
import { accessApp } from './access-app.ts';

const ORIGIN = 'https://app.example';
const preflight = (origin: string, headers: Record<string, string> = {}) => ({
  method: 'OPTIONS',
  origin,
  headers: { 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization,content-type', ...headers },
});
const allowed = (answer: Response) => answer.headers.get('access-control-allow-origin');

describe('pages of other origins', () => {
  it('should read the answers to a key that was created for them, refusals included, and no others', async () => {
    const app = accessApp();
    const { key } = await app.createKey({ kind: 'publishable', origins: [ORIGIN], limits: { requests_per_minute: 1 } });
    const served = await app.fetch('/v1/models', { key, origin: ORIGIN });
    expect([served.status, allowed(served), served.headers.get('vary')]).toEqual([200, ORIGIN, 'Origin']);
    expect(served.headers.get('access-control-expose-headers')).toContain('x-ratelimit-remaining-requests');
    const limited = await app.fetch('/v1/models', { key, origin: ORIGIN });
    expect([limited.status, allowed(limited)]).toEqual([429, ORIGIN]);
    const other = await app.fetch('/v1/models', { key, origin: 'https://evil.example' });
    expect([other.status, allowed(other), other.headers.get('vary')]).toEqual([403, null, 'Origin']);
    expect(allowed(await app.fetch('/v1/models', { origin: ORIGIN }))).toBeNull();
  });

  it('should be told beforehand whether any live key is for them', async () => {
    const app = accessApp();
    const origin = 'https://preflight.example';
    expect(allowed(await app.fetch('/v1/completions', preflight(origin)))).toBeNull();
    const { id } = await app.createKey({ kind: 'publishable', origins: [origin] });
    const answer = await app.fetch('/v1/completions', preflight(origin));
    expect([answer.status, allowed(answer)]).toEqual([204, origin]);
    expect(answer.headers.get('access-control-allow-headers')).toBe('authorization,content-type');
    expect(answer.headers.get('access-control-allow-credentials')).toBeNull();
    await app.operator(`/operator/keys/${id}`, { method: 'DELETE' });
    expect(allowed(await app.fetch('/v1/completions', preflight(origin)))).toBeNull();
  });

  it('should never be let into a private network', async () => {
    for (const app of [accessApp(), accessApp({ CORS_ORIGINS: '*' }), accessApp({ CORS_ORIGINS: ORIGIN })]) {
      const answer = await app.fetch('/v1/completions', preflight(ORIGIN, { 'access-control-request-private-network': 'true' }));
      expect([...answer.headers.keys()].filter((name) => name.includes('private'))).toEqual([]);
    }
  });

  it('should be those that the deployment lists', async () => {
    const app = accessApp({ PUBLIC: 'true', PUBLIC_LIMITS: 'off', CORS_ORIGINS: `${ORIGIN}, http://localhost:3000` });
    for (const origin of [ORIGIN, 'http://localhost:3000']) expect(allowed(await app.fetch('/v1/models', { origin }))).toBe(origin);
    for (const origin of ['https://evil.example', 'null', `${ORIGIN}.evil`]) {
      expect(allowed(await app.fetch('/v1/models', { origin })), origin).toBeNull();
      expect(allowed(await app.fetch('/v1/models', preflight(origin))), origin).toBeNull();
    }
    expect(allowed(await accessApp({ PUBLIC: 'true', PUBLIC_LIMITS: 'off' }).fetch('/v1/models', { origin: ORIGIN }))).toBe('*');
    expect(() => accessApp({ CORS_ORIGINS: 'app.example' })).toThrow(/CORS_ORIGINS must be/);
  });
});

describe('Turnstile', () => {
  const keys = { TURNSTILE_SITE_KEY: '1x00000000000000000000AA', TURNSTILE_SECRET: 'a secret of the test' };
  const address = '192.0.2.90';

  it('should stand in front of a public deployment for whoever has no key', async () => {
    const app = accessApp({ PUBLIC: 'true', ...keys });
    expect(await (await app.fetch('/turnstile')).json()).toEqual({ site_key: keys.TURNSTILE_SITE_KEY });
    expect((await app.fetch('/openapi.json')).status).toBe(200);
    for (const key of [undefined, 'unused', `ge_ts_${Date.now() + 1e6}_${'0'.repeat(64)}`])
      expect((await app.fetch('/v1/models', { key, address })).status).toBe(401);
    const { key } = await app.createKey();
    expect((await app.fetch('/v1/models', { key })).status).toBe(200);
    expect((await app.post('/turnstile', { token: '' })).status).toBe(400);
    expect(() => accessApp({ PUBLIC: 'true', TURNSTILE_SITE_KEY: 'x' })).toThrow(/go together/);
  });
});
