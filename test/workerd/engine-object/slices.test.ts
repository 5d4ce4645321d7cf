import { beforeAll, describe, expect, it } from 'vitest';
import type { ChatChunk, ChatCompletion } from '../../../src/api/openai/schemas/chat-schema.ts';
import type { Completion } from '../../../src/api/openai/schemas/completion-schema.ts';
import { EngineObject } from '../../../src/engine-object/engine-object.ts';
import { FRAMES_HEADER } from '../../../src/engine-object/slice-headers.ts';
import { appOver, type Body } from '../api/support.ts';
import { DEFAULT_MODEL, seedModel } from '../helpers.ts';
import { frontApp, reset, withBudget } from './sliced.ts';

beforeAll(() => seedModel(DEFAULT_MODEL));

const alone = appOver(true);
const app = frontApp();
const ask = (path: string, body: Body, asked = app) =>
  asked.request(`http://edge${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

const messages = [{ role: 'user', content: 'Tell me a story about a dragon.' }];
const LONG = { prompt: 'Once upon a time', seed: 2, logit_bias: { 0: -100 } };
/** Without anything that depends on the time. */
const CASES: [string, string, Body][] = [
  ['a text', '/v1/completions', { ...LONG, max_tokens: 60 }],
  ['log-probabilities and an echo', '/v1/completions', { ...LONG, max_tokens: 30, logprobs: 2, echo: true }],
  [
    'several prompts and choices',
    '/v1/completions',
    { prompt: ['Once upon a time', 'The dog'], n: 3, seed: 5, max_tokens: 25, stop: [' and'] },
  ],
  [
    'penalties and ids',
    '/v1/completions',
    { ...LONG, max_tokens: 40, frequency_penalty: 1, presence_penalty: 1, repetition_penalty: 1.2, return_token_ids: true },
  ],
  ['a chat', '/v1/chat/completions', { messages, seed: 3, max_tokens: 60, n: 2 }],
  [
    'JSON',
    '/v1/chat/completions',
    {
      messages,
      seed: 3,
      max_tokens: 40,
      guided_json: { type: 'array', minItems: 9, items: { type: 'integer' } },
      logprobs: true,
      top_logprobs: 2,
    },
  ],
];

/** What of an answer must not depend on where and in how many slices it was made. */
function essence({ choices, usage, model, object }: Completion | ChatCompletion) {
  return { choices, model, object, tokens: usage && [usage.prompt_tokens, usage.completion_tokens] };
}

async function whole(path: string, body: Body, asked = app) {
  const answer = await ask(path, body, asked);
  expect(answer.status).toBe(200);
  return (await answer.json()) as Completion | ChatCompletion;
}

/** The choices of a stream, and the ids and heads that its chunks have. */
function joined(events: readonly string[]) {
  const chunks = events.slice(0, -1).map((event) => JSON.parse(event.replace(/^data: /, '')) as Completion | ChatChunk);
  expect(events.at(-1)).toBe('data: [DONE]');
  const choices: Record<number, { text: string; ids: number[]; logprobs: unknown[]; roles: number; finish: (string | null)[] }> = {};
  for (const chunk of chunks)
    for (const choice of chunk.choices) {
      choices[choice.index] ??= { text: '', ids: [], logprobs: [], roles: 0, finish: [] };
      const known = choices[choice.index];
      known.text += 'delta' in choice ? (choice.delta.content ?? '') : choice.text;
      known.roles += Number('delta' in choice && choice.delta.role !== undefined);
      known.ids.push(...(choice.token_ids ?? []));
      const { logprobs } = choice;
      if (logprobs)
        known.logprobs.push(
          ...('content' in logprobs ? logprobs.content : logprobs.tokens.map((token, index) => [token, logprobs.token_logprobs[index]])),
        );
      if (choice.finish_reason) known.finish.push(choice.finish_reason);
    }
  const usage = chunks.at(-1)!.usage;
  return {
    choices,
    heads: new Set(chunks.map(({ id, created }) => `${id} ${created}`)).size,
    usage: usage && [usage.prompt_tokens, usage.completion_tokens],
  };
}

const eventsOf = (text: string) => text.split('\n\n').filter((event) => event !== '');

async function streamed(path: string, body: Body, asked = app) {
  const answer = await ask(path, { ...body, stream: true, stream_options: { include_usage: true } }, asked);
  expect(answer.status).toBe(200);
  return joined(eventsOf(await answer.text()));
}

/** Counts the calls for a next slice until the test's end. */
async function countSlices(work: () => Promise<unknown>): Promise<number> {
  const original = EngineObject.prototype.fetch;
  let slices = 0;
  EngineObject.prototype.fetch = function (request) {
    if (request.headers.has(FRAMES_HEADER)) slices++;
    return original.call(this, request);
  };
  await work();
  EngineObject.prototype.fetch = original;
  return slices;
}

describe('an answer in slices', () => {
  it.each(CASES)('should be the answer that the Worker gives at once: %s', async (_, path, body) => {
    await withBudget(10);
    let answer: unknown;
    const slices = await countSlices(async () => {
      answer = await whole(path, body);
    });
    expect(slices).toBeGreaterThan(3);
    expect(essence(answer as Completion)).toEqual(essence(await whole(path, body, alone)));
  });

  it.each(CASES)('should be one stream: %s', async (_, path, body) => {
    await withBudget(10);
    let answer: unknown;
    const slices = await countSlices(async () => {
      answer = await streamed(path, body);
    });
    expect(slices).toBeGreaterThan(1);
    expect(answer).toEqual({ ...(await streamed(path, body, alone)), heads: 1 });
  });

  it('should have 200 tokens of the default model with CPU_BUDGET_MS=10', async () => {
    await withBudget(10);
    let answer: Completion | undefined;
    const slices = await countSlices(async () => {
      answer = (await whole('/v1/completions', { ...LONG, max_tokens: 200 })) as Completion;
    });
    expect(answer!.usage!.completion_tokens).toBe(200);
    // The last slice may be one in which only the end was sent.
    expect([slices, slices + 1]).toContain(answer!.usage!.gpt_edge.slices);
    // How many there are depends on the processor.
    expect(slices).toBeGreaterThan(8);
  });
});

/** Reads a stream, and calls `onText` with the length of what has come. */
async function readWith(answer: Response, onText: (length: number) => Promise<void>): Promise<string> {
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    text += read.value;
    if (!text.includes('[DONE]')) await onText(text.length);
  }
  return text;
}

/**
 * Eight callers, each of whom gets what the Worker gives at once.
 * @param onText is called while the last stream is read
 */
async function expectOthers(onText = async (_length: number) => {}): Promise<void> {
  const path = '/v1/completions';
  const usage = { stream: true, stream_options: { include_usage: true } };
  const bodies = Array.from({ length: 8 }, (_, index) => ({
    ...LONG,
    prompt: `The ${index} dogs`,
    seed: index,
    max_tokens: 30 + 10 * index,
  }));
  const isStreamed = (index: number) => index % 2 === 0;
  const answers = await Promise.all(
    bodies.map(async (body, index) => {
      if (!isStreamed(index)) return essence(await whole(path, body));
      return joined(eventsOf(await readWith(await ask(path, { ...body, ...usage }), index === 6 ? onText : async () => {})));
    }),
  );
  for (const [index, body] of bodies.entries()) {
    const expected = isStreamed(index) ? { ...(await streamed(path, body, alone)), heads: 1 } : essence(await whole(path, body, alone));
    expect(answers[index], `caller ${index}`).toEqual(expected);
  }
}

it('should serve many callers at once in slices', async () => {
  await withBudget(20);
  const slices = await countSlices(() => expectOthers());
  // How many there are depends on the processor; every caller has several.
  expect(slices).toBeGreaterThan(8);
});

describe('an object that is reset', () => {
  it('should go on with what eight callers are answered, streamed and whole', async () => {
    await withBudget(30_000);
    let [seen, resets] = [0, 0];
    await expectOthers(async (length) => {
      // Some twenty-five events: so much progress is made in between that nobody gives up.
      if (length - seen < 5000) return;
      [seen, resets] = [length, resets + 1];
      await reset();
    });
    expect(resets).toBeGreaterThan(1);
  });

  it.each(CASES)('should go on with the same stream, after each chunk: %s', async (_, path, body) => {
    await withBudget(30_000);
    const expected = { ...(await streamed(path, body, alone)), heads: 1 };
    const answer = await ask(path, { ...body, stream: true, stream_options: { include_usage: true } });
    const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
    let [text, resets] = ['', 0];
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      text += read.value;
      if (text.includes('[DONE]')) continue;
      await reset();
      resets++;
    }
    expect(joined(eventsOf(text))).toEqual(expected);
    expect(resets).toBeGreaterThan(5);
  });
});
