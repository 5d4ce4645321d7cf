import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EdgeFetcher, type TextGenerationInputs, WorkersAi } from '../../src/library/workers-ai.ts';
import type { LocalWorker } from '../../src/local/local-worker.ts';
import { serveDefaultModel } from '../http/serve-default-model.ts';

const NAME = '@cf/meta/llama-3.1-8b-instruct';
const messages = [{ role: 'user', content: 'Tell me a story about a dog.' }];

describe('WorkersAi over a served model', () => {
  let worker: LocalWorker;
  let edge: EdgeFetcher;
  beforeAll(async () => {
    worker = await serveDefaultModel();
    edge = { fetch: (url, init) => fetch(new URL(new URL(url).pathname, worker.url), init) };
  });
  afterAll(() => worker.stop());

  it('should give the text that the API gives, and map the names of models by the table', async () => {
    const init = {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ messages, seed: 3, max_tokens: 20 }),
    };
    const { choices } = (await (await fetch(new URL('/v1/chat/completions', worker.url), init)).json()) as {
      choices: { message: { content: string } }[];
    };
    const tables: (Record<string, string> | undefined)[] = [undefined, { [NAME]: 'tinystories-gpt2' }, { other: 'x', '*': '' }];
    for (const models of tables) {
      const { response } = await new WorkersAi(edge, { models }).run(NAME, { messages, seed: 3, max_tokens: 20 });
      expect(response).toBe(choices[0].message.content);
    }
    await expect(new WorkersAi(edge, { models: { [NAME]: 'missing' } }).run(NAME, { messages })).rejects.toThrow(
      /^5007: The model "missing" is not served/,
    );
    await expect(new WorkersAi(edge, { models: {} }).run(NAME, { messages })).rejects.toThrow(`5007: No such model ${NAME} or task`);
  });

  it('should stream the same text as it gives whole, in events that may be cut anywhere', async () => {
    const ai = new WorkersAi(edge);
    const whole = await ai.run(NAME, { messages, seed: 3, max_tokens: 20 });
    const cut: EdgeFetcher = {
      fetch: async (url, init) => {
        const bytes = new Uint8Array(await (await edge.fetch(url, init)).arrayBuffer());
        const parts = new ReadableStream<Uint8Array>({
          start(controller) {
            for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
            controller.close();
          },
        });
        return new Response(parts);
      },
    };
    for (const fetcher of [edge, cut]) {
      const stream = await new WorkersAi(fetcher).run(NAME, { messages, seed: 3, max_tokens: 20, stream: true });
      const events = (await new Response(stream).text()).trim().split('\n\n');
      expect(events.pop()).toBe('data: [DONE]');
      const chunks = events.map((event) => JSON.parse(event.slice('data: '.length)));
      expect(chunks.map(({ response }) => response).join('')).toBe(whole.response);
      expect(chunks.at(-1).usage).toEqual(whole.usage);
    }
  });

  it('should give a response where one is asked for', async () => {
    const raw = await new WorkersAi(edge).run(NAME, { prompt: 'Once', raw: true, max_tokens: 3 }, { returnRawResponse: true });
    expect(Object.keys((await raw.json()) as object)).toEqual(['response', 'usage', 'tool_calls']);
    const streamed = await new WorkersAi(edge).run(NAME, { messages, stream: true, max_tokens: 3 }, { returnRawResponse: true });
    expect(streamed.headers.get('content-type')).toBe('text/event-stream');
    await streamed.text();
  });

  it.each<[string, TextGenerationInputs, RegExp]>([
    ['neither prompt nor messages', {}, /^5006: .*'prompt' or 'messages'/],
    ['a field that is not known', { messages, lora: 'x' } as TextGenerationInputs, /^5006: .*lora/],
    ['a value out of range', { messages, temperature: 9 }, /^5006: Invalid temperature/],
    ['JSON that its limit cuts', { messages, response_format: { type: 'json_object' }, max_tokens: 1 }, /^5024: JSON Mode couldn't be met/],
  ])('should refuse %s', async (_, inputs, message) => {
    await expect(new WorkersAi(edge).run(NAME, inputs as TextGenerationInputs & { stream?: false })).rejects.toThrow(message);
  });
});

describe('the calls of tools', () => {
  const call = { id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"Oslo"}' } };
  const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };

  it("should be asked for in OpenAI's shape, and told in that of Workers AI", async () => {
    const sent: unknown[] = [];
    const edge: EdgeFetcher = {
      fetch: async (_, init) => {
        sent.push(JSON.parse(init.body as string));
        return Response.json({ choices: [{ message: { content: null, tool_calls: [call] } }], usage });
      },
    };
    const tool = { name: 'weather', description: 'Tells the weather.', parameters: { type: 'object', properties: {}, required: [] } };
    const wrapped = { type: 'function', function: tool };
    for (const tools of [[tool], [wrapped]]) {
      const { response, tool_calls } = await new WorkersAi(edge).run(NAME, { messages, tools });
      expect(response).toBe('');
      expect(tool_calls).toEqual([{ name: 'weather', arguments: { city: 'Oslo' } }]);
    }
    for (const body of sent) expect(body).toMatchObject({ tools: [wrapped] });
  });
});
