import { SELF } from 'cloudflare:test';
import { Hono } from 'hono';
import OpenAI from 'openai';
import { beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_MODEL, seedModel } from '../helpers.ts';
import { appOver } from './support.ts';

beforeAll(() => seedModel(DEFAULT_MODEL));

const ID = 'tinystories-gpt2';
const completion = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"prompt":"Once","max_tokens":2,"seed":1}' };
const chat = { ...completion, body: '{"messages":[{"role":"user","content":"Hi"}],"max_tokens":2,"seed":1}' };

/** An answer without what is new each time, and how far the model is loaded. */
async function comparable(answer: Response): Promise<string> {
  const own = /"id":"(chat)?cmpl-[0-9a-f]+"|"created":\d+|"cached_tokens":\d+|,"gpt_edge":\{"multiply_adds"[^}]*\}/g;
  const text = (await answer.text()).replaceAll(own, '');
  return `${answer.status} ${answer.headers.get('allow')} ${text.replace(/"load":\{[^}]*\}/, '')}`;
}

const VARIANTS: [path: string, init: RequestInit | undefined, variants: string[]][] = [
  ['/v1/models', undefined, ['//v1/models', '/v1/models/', '/v1//models', '///v1///models///', '/v1/models//']],
  [`/v1/models/${ID}`, undefined, [`//v1/models/${ID}`, `/v1/models/${ID}/`, `/v1/models//${ID}`]],
  ['/v1/completions', completion, ['//v1/completions', '/v1/completions/', '/v1//completions']],
  ['/v1/chat/completions', chat, ['//v1/chat/completions', '/v1/chat/completions/', '/v1//chat/completions', '//v1//chat//completions//']],
  ['/tokenize', { ...completion, body: '{"prompt":"Hi"}' }, ['//tokenize', '/tokenize/']],
  ['/health', undefined, ['//health', '/health/']],
  ['/openapi.json', undefined, ['//openapi.json', '/openapi.json/']],
  ['/v1/completions', undefined, ['//v1/completions', '/v1/completions/']],
  ['/v1/completions', { ...completion, body: '{' }, ['//v1/completions/']],
  ['/v1', undefined, ['/v1/', '//v1', '//v1//']],
];

describe('a base URL with a double or trailing slash', () => {
  it.each(VARIANTS)('should answer as without: %s', async (path, init, variants) => {
    const plain = await comparable(await SELF.fetch(`http://edge${path}`, init));
    for (const variant of variants) expect(await comparable(await SELF.fetch(`http://edge${variant}`, init)), variant).toBe(plain);
  });

  it('should keep the query, the headers and the request id', async () => {
    const answer = await SELF.fetch('http://edge//health/?a=//b/', {
      headers: { 'x-request-id': 'mine-1', origin: 'https://page.example' },
    });
    expect(answer.headers.get('x-request-id')).toBe('mine-1');
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    const preflight = await SELF.fetch('http://edge//v1/completions', {
      method: 'OPTIONS',
      headers: { origin: 'https://page.example', 'access-control-request-method': 'POST' },
    });
    expect(preflight.status).toBe(204);
  });

  it('should log one line, with the path as it was served', async () => {
    const paths: string[] = [];
    await appOver(true, ({ path }) => paths.push(path)).request('http://edge//v1//models/');
    expect(paths).toEqual(['/v1/models']);
  });

  it('should not open a deployment that is not public', async () => {
    const app = appOver(false);
    for (const path of ['//v1/models', '/v1/models/', '//', '//health//v1/models', '/health/../v1/models'])
      expect((await app.request(`http://edge${path}`)).status, path).toBe(401);
    for (const path of ['//health', '/health/']) expect((await app.request(`http://edge${path}`)).status, path).toBe(200);
  });

  it('should answer as without where the app is mounted below a path', async () => {
    const app = new Hono().route('/llm', appOver(true));
    const plain = await comparable(await app.request('http://edge/llm/v1/models'));
    expect(plain).toMatch(/^200 /);
    for (const path of ['/llm//v1/models', '/llm/v1/models/', '/llm//v1//models//'])
      expect(await comparable(await app.request(`http://edge${path}`)), path).toBe(plain);
    expect((await app.request('http://edge/llm//v1/completions', completion)).status).toBe(200);
  });

  it("should serve OpenAI's client with any such base URL", async () => {
    for (const baseURL of ['http://edge/v1', 'http://edge/v1/', 'http://edge//v1', 'http://edge//v1//']) {
      const client = new OpenAI({ baseURL, apiKey: 'unused', maxRetries: 0, fetch: (url, init) => SELF.fetch(url as string, init) });
      const answer = await client.completions.create({ model: ID, prompt: 'Once', max_tokens: 1 });
      expect(answer.choices, baseURL).toHaveLength(1);
    }
  });
});
