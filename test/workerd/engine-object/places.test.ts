import { createExecutionContext, env } from 'cloudflare:test';
import { Hono } from 'hono';
import { beforeAll, describe, expect, it } from 'vitest';
import { createApp } from '../../../src/api/app.ts';
import { type FrontEnv, frontFromEnv } from '../../../src/engine-object/front-from-env.ts';
import { isolateModels } from '../../../src/worker/isolate-instance.ts';
import { DEFAULT_MODEL, seedModel } from '../helpers.ts';

const bindings = env as unknown as FrontEnv;

const init = (body: object, headers: Record<string, string> = {}) => ({
  method: 'POST',
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(body),
});

beforeAll(() => seedModel(DEFAULT_MODEL));

describe('the place of the engine', () => {
  const timingIn = async (changed: Partial<FrontEnv>) => {
    const vars = { ...bindings, ...changed };
    const app = createApp({ host: isolateModels(bindings), engine: frontFromEnv(vars), isPublic: true, log: () => {} });
    const answer = await app.request('http://edge/v1/completions', init({ prompt: 'Once', max_tokens: 1 }));
    expect(answer.status).toBe(200);
    return answer.headers.get('server-timing');
  };

  it('should be an object by default', async () => {
    expect(await timingIn({})).toMatch(/object;desc="local\/tinystories-gpt2\/\d"/);
    expect(await timingIn({ ENGINE_OBJECTS: '1' })).toContain('object;desc="local/tinystories-gpt2/0"');
  });

  it('should be the Worker if the variable says so, or the class is not bound', async () => {
    expect(await timingIn({ ENGINE_PLACE: 'worker' })).not.toContain('object');
    expect(await timingIn({ ENGINE_NAMESPACE: undefined })).not.toContain('object');
  });

  it('should be refused if it is neither', () => {
    expect(() => frontFromEnv({ ...bindings, ENGINE_PLACE: 'moon' })).toThrow('ENGINE_PLACE must be object or worker, not "moon".');
  });
});

describe('the front', () => {
  const app = (isPublic: boolean) => createApp({ host: isolateModels(bindings), engine: frontFromEnv(bindings), isPublic, log: () => {} });

  it('should let nobody through to an object who may not use the deployment', async () => {
    const answer = await app(false).request('http://edge/v1/completions', init({ prompt: 'Once' }));
    expect(answer.status).toBe(401);
    expect(answer.headers.get('server-timing')).toBeNull();
  });

  it('should say which object has answered, and how much of its CPU time is left', async () => {
    for (const [path, asked] of [
      ['/v1/completions', { prompt: 'Once', max_tokens: 3 }],
      ['/v1/responses', { input: 'Once', max_output_tokens: 3 }],
    ] as const) {
      const answer = await app(true).request(`http://edge${path}`, init(asked));
      const timing = answer.headers.get('server-timing')!;
      expect(timing).toMatch(/work;desc="\d+ multiply-adds", budget;dur=\d+, object;desc="/);
      const { usage } = (await answer.json()) as { usage: { gpt_edge: { object: string; cpu_budget_left_ms: number } } };
      expect(timing).toContain(`object;desc="${usage.gpt_edge.object}"`);
      expect(usage.gpt_edge.cpu_budget_left_ms).toBeGreaterThan(0);
    }
  });

  it('should work below a path of another app, and with doubled slashes', async () => {
    const own = new Hono().route('/api/llm', app(true));
    for (const path of ['/api/llm/v1/completions', '/api/llm//v1/completions/']) {
      const request = new Request(`http://edge${path}`, init({ prompt: 'Once', max_tokens: 3, temperature: 0 }));
      const answer = await own.fetch(request, {}, createExecutionContext());
      expect(await answer.json(), path).toMatchObject({ choices: [{ text: ' upon a time' }] });
      expect(answer.headers.get('server-timing')).toContain('object;desc=');
    }
  });

  it('should send a conversation to the same object at each turn, and others elsewhere', async () => {
    const objectOf = async (content: string, ...more: object[]) => {
      const messages = [{ role: 'user', content }, ...more];
      const answer = await app(true).request('http://edge/v1/chat/completions', init({ messages, max_tokens: 1 }));
      return /object;desc="(.*)"/.exec(answer.headers.get('server-timing')!)![1];
    };
    const homes = await Promise.all(Array.from({ length: 24 }, (_, index) => objectOf(`Story ${index}`)));
    expect(new Set(homes).size).toBe(4);
    const next = [
      { role: 'assistant', content: 'Once.' },
      { role: 'user', content: 'And then?' },
    ];
    expect(await Promise.all([0, 1, 2, 3].map((index) => objectOf(`Story ${index}`, ...next)))).toEqual(homes.slice(0, 4));
  });

  it('should take models from the region that the request comes from', async () => {
    const request = new Request('http://edge/tokenize', { ...init({ prompt: 'Once' }), cf: { continent: 'EU' } } as RequestInit);
    expect((await app(true).fetch(request)).headers.get('server-timing')).toContain('object;desc="eu/tinystories-gpt2/');
  });

  it('should not let a client say what only the front may', async () => {
    const request = init({ prompt: 'Once', max_tokens: 1 }, { 'gpt-edge-may-wait': '1' });
    const seen: (string | null)[] = [];
    const { ENGINE_NAMESPACE: namespace } = bindings;
    const watched = {
      idFromName: (name: string) => namespace!.idFromName(name),
      get: (id: DurableObjectId) => ({
        fetch: (forwarded: Request) => {
          seen.push(forwarded.headers.get('gpt-edge-may-wait'));
          return namespace!.get(id).fetch(forwarded);
        },
      }),
    };
    const engine = frontFromEnv({ ...bindings, ENGINE_NAMESPACE: watched as never });
    await createApp({ host: isolateModels(bindings), engine, isPublic: true, log: () => {} }).request(
      'http://edge/v1/completions',
      request,
    );
    expect(seen).toEqual([null]);
  });

  it('should refuse a body that is too long, streamed through or held', async () => {
    const long = { prompt: 'Once '.repeat(300_000) };
    const answer = await app(true).request('http://edge/v1/completions', init(long));
    expect(answer.status).toBe(413);
    expect(await answer.json()).toMatchObject({ error: { code: 'request_too_large' } });
  });

  it('should answer a body that is longer than what is held', async () => {
    const body = { prompt: 'Once upon a time '.repeat(8000), max_tokens: 1 };
    const answer = await app(true).request('http://edge/v1/completions', init(body));
    expect(await answer.json()).toMatchObject({ error: { code: 'context_length_exceeded' } });
    expect(answer.headers.get('server-timing')).toContain('object;desc=');
  });
});
