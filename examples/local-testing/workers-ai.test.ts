// A Worker that was written for Workers AI calls `env.AI`. Here the binding leads to gpt-edge: no account, no network.
import { localWorkerOptions, putModels, workersAiOptions } from 'gpt-edge/local';
import { convertV4MiniflareOptions, Miniflare } from 'miniflare';
import { afterAll, beforeAll, expect, it } from 'vitest';

const script = `
  const MODEL = '@cf/meta/llama-3.1-8b-instruct';
  export default {
    async fetch(request, env) {
      const inputs = await request.json();
      try {
        const answer = await env.AI.run(inputs.model ?? MODEL, inputs.inputs);
        return inputs.inputs.stream ? new Response(answer, { headers: { 'content-type': 'text/event-stream' } }) : Response.json(answer);
      } catch (error) {
        return new Response(error.message, { status: 500 });
      }
    },
  };`;

let miniflare: Miniflare;
beforeAll(async () => {
  const mine = { name: 'mine', modules: true, script, compatibilityDate: '2026-10-01', serviceBindings: { AI: 'workers-ai' } };
  const models = { '@cf/meta/llama-3.1-8b-instruct': 'tinystories-gpt2' };
  const edge = await localWorkerOptions({ vars: { PUBLIC: 'true' } });
  miniflare = new Miniflare(convertV4MiniflareOptions({ workers: [mine, await workersAiOptions({ models }), edge], cf: false }));
  await putModels(miniflare);
}, 60_000);
afterAll(() => miniflare.dispose());

const run = (inputs: object, model?: string) =>
  miniflare.dispatchFetch('http://mine/', { method: 'POST', body: JSON.stringify({ model, inputs }) });

it('should answer a chat in the shape of Workers AI', async () => {
  const messages = [{ role: 'user', content: 'Tell me a story about a cat.' }];
  const answer = (await (await run({ messages, max_tokens: 12, temperature: 0 })).json()) as { response: string };
  expect(answer).toEqual({
    response: expect.stringMatching(/cat/),
    usage: { prompt_tokens: expect.any(Number), completion_tokens: 12, total_tokens: expect.any(Number) },
    tool_calls: [],
  });
});

it('should stream server-sent events whose data is {"response": …}', async () => {
  const inputs = { prompt: 'Once upon a time', raw: true, max_tokens: 5, temperature: 0 };
  const events = (await (await run({ ...inputs, stream: true })).text()).trim().split('\n\n');
  expect(events.at(-1)).toBe('data: [DONE]');
  const chunks = events.slice(0, -1).map((event) => JSON.parse(event.replace('data: ', '')) as { response: string; usage?: object });
  expect(chunks.map(({ response }) => response).join('')).toBe(', there was a little');
  expect(chunks.at(-1)!.usage).toEqual({ prompt_tokens: 4, completion_tokens: 5, total_tokens: 9 });
});

it('should answer with an object where a schema is given', async () => {
  const json_schema = { type: 'object', properties: { name: { enum: ['Tom', 'Lily'] } }, required: ['name'], additionalProperties: false };
  const inputs = { prompt: 'Who is it?', response_format: { type: 'json_schema', json_schema }, seed: 1 };
  const { response } = (await (await run(inputs)).json()) as { response: unknown };
  expect(response).toEqual({ name: expect.stringMatching(/^(Tom|Lily)$/) });
});

it('should refuse what Workers AI refuses', async () => {
  const unknown = await run({ prompt: 'Hi' }, '@cf/nobody/nothing');
  expect(await unknown.text()).toBe('5007: No such model @cf/nobody/nothing or task');
  expect(await (await run({})).text()).toContain('5006');
});
