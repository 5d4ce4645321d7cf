import { env } from 'cloudflare:test';
import { beforeAll, describe, expect, it } from 'vitest';
import { createApp } from '../../../src/api/app.ts';
import type { ErrorBody } from '../../../src/api/openai/schemas/bodies.ts';
import type { WireEngine } from '../../../src/api/openai/schemas/engine-schema.ts';
import type { WireStop } from '../../../src/api/openai/schemas/stop-schema.ts';
import { EngineObject } from '../../../src/engine-object/engine-object.ts';
import { type FrontEnv, frontFromEnv } from '../../../src/engine-object/front-from-env.ts';
import { accessFromEnv } from '../../../src/worker/access-from-env.ts';
import { isolateModels } from '../../../src/worker/isolate-instance.ts';
import { ACCESS, OPERATOR_KEY } from '../access/access-app.ts';
import { DEFAULT_MODEL, seedModel } from '../helpers.ts';

beforeAll(() => seedModel(DEFAULT_MODEL));

const bindings = env as unknown as FrontEnv;
const LONG = { prompt: 'Once upon a time', max_tokens: 480, logit_bias: { 0: -100 } };

describe.each(['object', 'worker'] as const)('POST /v1/engine/stop, with the engine in the %s', (place) => {
  const app = createApp({
    host: isolateModels(bindings),
    engine: place === 'object' ? frontFromEnv(bindings) : undefined,
    log: () => {},
    ...accessFromEnv({ ACCESS, OPERATOR_KEY, PUBLIC: 'true', PUBLIC_LIMITS: 'off' }),
  });
  const post = (path: string, body: object, headers: Record<string, string> = {}) =>
    app.request(`http://edge${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    }) as Promise<Response>;
  const operator = { authorization: `Bearer ${OPERATOR_KEY}` };
  const stop = async (body: object) => (await post('/v1/engine/stop', body, operator)).json() as Promise<WireStop>;
  const models = async () => {
    const answer = await app.request('http://edge/v1/engine', { headers: operator });
    return ((await answer.json()) as WireEngine).objects.flatMap((object) => ('models' in object ? object.models : []));
  };

  /** Reads a stream's first event, and then the rest as text. */
  async function begun(answer: Response): Promise<{ id: string; rest: Promise<string> }> {
    const reader = answer.body!.getReader();
    const decoder = new TextDecoder();
    const first = decoder.decode((await reader.read()).value);
    const { id } = JSON.parse(/data: (.*)/.exec(first)![1]) as { id: string };
    const rest = async () => {
      let text = '';
      for (let read = await reader.read(); !read.done; read = await reader.read()) text += decoder.decode(read.value);
      return text;
    };
    return { id, rest: rest() };
  }
  const expectStopped = (text: string) => {
    const last = text.trim().split('\n\n').at(-1)!;
    expect((JSON.parse(/data: (.*)/.exec(last)![1]) as ErrorBody).error).toMatchObject({ code: 'stopped', type: 'server_error' });
  };

  it('should end the stream that is named by its completion, and no other', async () => {
    const one = await begun(await post('/v1/completions', { ...LONG, stream: true }));
    const other = await begun(await post('/v1/completions', { ...LONG, max_tokens: 60, stream: true }));
    expect(await stop({ id: one.id })).toEqual({ object: 'engine.stop', stopped: 1, unreached: [] });
    const text = await one.rest;
    expectStopped(text);
    // The rest of 480 tokens was not computed.
    expect(text.split('\n\n').length).toBeLessThan(400);
    expect(await other.rest).toContain('[DONE]');
    expect(await stop({ id: one.id })).toMatchObject({ stopped: 0 });
  });

  it('should end an answer that is not streamed, named by its request, with a status that no client tries again', async () => {
    const asked = post('/v1/completions', { ...LONG, n: 8 }, { 'x-request-id': `mine-${place}` });
    await expect.poll(async () => (await stop({ id: `mine-${place}` })).stopped, { interval: 5 }).toBe(1);
    const answer = await asked;
    expect(await answer.json()).toMatchObject({ error: { code: 'stopped' } });
    // A long answer has begun, with the status that an answer has.
    if (answer.status !== 200) expect([answer.status, answer.headers.get('x-should-retry')]).toEqual([503, 'false']);
  });

  it('should end all of a model, those that wait too, and give its blocks back', async () => {
    const chat = { messages: [{ role: 'user', content: 'Hello' }], max_tokens: 400, logit_bias: { 0: -100 }, stream: true };
    const streams = await Promise.all([
      ...Array.from({ length: 3 }, () => post('/v1/completions', { ...LONG, n: 4, stream: true }).then(begun)),
      post('/v1/chat/completions', chat).then(begun),
    ]);
    const { stopped } = await stop({ model: 'tinystories-gpt2' });
    expect(stopped).toBe(4);
    for (const { rest } of streams) expectStopped(await rest);
    for (const { running, waiting, blocks } of await models()) {
      expect([running, waiting]).toEqual([0, 0]);
      expect(blocks.free).toBe(blocks.total);
    }
  });

  it('should refuse what names nothing, or two things, and a model that is not served', async () => {
    for (const body of [{}, { id: 'a', model: 'b' }, { id: '' }, { id: 1 }, { all: true }])
      expect((await post('/v1/engine/stop', body, operator)).status, JSON.stringify(body)).toBe(400);
    expect(await stop({ model: 'gpt-9' })).toMatchObject({ error: { code: 'model_not_found', param: 'model' } });
    expect((await post('/v1/engine/stop', { model: 'tinystories-gpt2' })).status).toBe(401);
  });

  it.runIf(place === 'object')('should name the objects that do not answer', async () => {
    const original = EngineObject.prototype.fetch;
    EngineObject.prototype.fetch = async function (request) {
      const { ctx } = this as unknown as { ctx: DurableObjectState };
      if (ctx.id.name === 'eu/tinystories-gpt2/2') throw new Error('broken');
      return original.call(this, request);
    };
    const { unreached } = await stop({ id: 'nothing' });
    EngineObject.prototype.fetch = original;
    expect(unreached).toEqual(['eu/tinystories-gpt2/2']);
  });

  it.runIf(place === 'object')('should end a stored answer, which says so when it is read again', async () => {
    const { id, rest } = await begun(await post('/v1/completions', { ...LONG, store: true, stream: true }));
    expect(await stop({ id })).toMatchObject({ stopped: 1 });
    expectStopped(await rest);
    const stored = await app.request(`http://edge/v1/completions/${id}`);
    expect(JSON.stringify(await stored.json())).toContain('stopped');
  });
});
