import { beforeAll, describe, expect, it } from 'vitest';
import type { Usage } from '../../../src/api/openai/schemas/answer-fields.ts';
import type { ChatChunk, ChatCompletion } from '../../../src/api/openai/schemas/chat-schema.ts';
import type { Completion, LegacyLogprobs } from '../../../src/api/openai/schemas/completion-schema.ts';
import { DEFAULT_MODEL, seedModel } from '../helpers.ts';
import { type Body, chat, chunksOf, complete, detokenize, randomNumbers, tokenize, usageOf } from './support.ts';

beforeAll(() => seedModel(DEFAULT_MODEL));

interface Joined {
  choices: { index: number; text: string; logprobs: unknown; finish_reason: string | null }[];
  usage: unknown;
}

/** Joins chunks as a client does, and checks what all of them must have in common. */
function join<T extends Completion | ChatChunk>(
  chunks: T[],
  read: (choice: T['choices'][number]) => { text: string; logprobs: Record<string, unknown[] | null> | null },
): Joined {
  const choices: Joined['choices'] = [];
  expect(new Set(chunks.map(({ id, created, model, system_fingerprint }) => [id, created, model, system_fingerprint].join())).size).toBe(1);
  for (const chunk of chunks.slice(0, -1)) {
    expect(chunk.choices).toHaveLength(1);
    expect(chunk.usage).toBeNull();
    const [choice] = chunk.choices;
    const { text, logprobs } = read(choice as T['choices'][number]);
    choices[choice.index] ??= { index: choice.index, text: '', logprobs: null, finish_reason: null };
    const joined = choices[choice.index];
    expect(joined.finish_reason, 'nothing comes after the finish reason').toBeNull();
    joined.text += text;
    joined.finish_reason = choice.finish_reason;
    joined.logprobs = logprobs ? append(joined.logprobs as Record<string, unknown[] | null> | null, logprobs) : joined.logprobs;
  }
  const last = chunks.at(-1)!;
  expect(last.choices).toEqual([]);
  return { choices, usage: totals(last.usage!) };
}

const append = (before: Record<string, unknown[] | null> | null, more: Record<string, unknown[] | null>) =>
  Object.fromEntries(Object.entries(more).map(([key, values]) => [key, values && [...(before?.[key] ?? []), ...values]]));

const joinCompletion = (chunks: Completion[]) => join(chunks, ({ text, logprobs }) => ({ text, logprobs }));
const joinChat = (chunks: ChatChunk[]) => join(chunks, ({ delta, logprobs }) => ({ text: delta.content ?? '', logprobs }));

/** The usage without its details, which say what was in the cache at that time. */
const totals = ({ prompt_tokens, completion_tokens, total_tokens }: Usage) => ({ prompt_tokens, completion_tokens, total_tokens });

const flatChat = ({ choices, usage }: ChatCompletion): Joined => ({
  choices: choices.map(({ index, message, logprobs, finish_reason }) => ({ index, text: message.content!, logprobs, finish_reason })),
  usage: totals(usage),
});
const flatCompletion = ({ choices, usage }: Completion): Joined => ({ choices, usage: totals(usage!) });

describe('streams of random requests', () => {
  const next = randomNumbers(20261001);
  const below = (count: number) => Math.floor(next() * count);
  const pick = <T>(values: readonly T[]): T => values[below(values.length)];
  const some = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make);
  const maybe = <T>(chance: number, make: () => T): T | undefined => (next() < chance ? make() : undefined);

  const PIECES = [
    'Once upon a time',
    ' there was',
    ' a',
    ' big',
    '\n',
    ' Lily',
    '.',
    ' "',
    'é',
    '日本語',
    '😀',
    '👩‍👩‍👧',
    ' <|endoftext|>',
    '\ud83d',
    '\u0000',
    '\ufeff',
    '  ',
    '123',
  ];
  const STOPS = [
    ' the',
    'the',
    'th',
    't',
    '.',
    ',',
    ' a',
    'a',
    '\n',
    ' ',
    'he',
    'her',
    '😀',
    '\ufffd',
    'Lily',
    ' was',
    ' wa',
    'e',
    '"',
    'ing',
    '. ',
    'd a',
    'zebra',
  ];

  const text = () => some(below(5), () => pick(PIECES)).join('');
  const ids = () => some(1 + below(8), () => below(4096));

  function sampling(emoji: number[]): Body {
    return {
      seed: below(2 ** 31),
      n: maybe(0.3, () => 1 + below(3)),
      stop: maybe(0.6, () => (next() < 0.3 ? pick(STOPS) : some(1 + below(4), () => pick(STOPS)))),
      temperature: pick([undefined, 0, 0.7, 1, 1.5, 2]),
      top_p: pick([undefined, 1, 0.9, 0.3]),
      top_k: pick([undefined, undefined, 0, 5]),
      frequency_penalty: pick([undefined, 0, 1, -1]),
      presence_penalty: pick([undefined, 0, 1.5]),
      repetition_penalty: pick([undefined, 1, 1.3]),
      // Likely bytes of an emoji produce characters of several tokens, and also incomplete characters.
      logit_bias: pick([undefined, undefined, Object.fromEntries(emoji.map((id) => [id, 9])), { 0: 6 }]),
    };
  }

  const completionBody = (emoji: number[]): Body => ({
    ...sampling(emoji),
    prompt: pick([undefined, null, '', text(), text(), text(), ids(), ids(), [text(), text()], [ids(), ids()]]),
    max_tokens: below(11),
    echo: maybe(0.3, () => true),
    logprobs: maybe(0.5, () => below(4)),
  });

  const chatBody = (emoji: number[]): Body => ({
    ...sampling(emoji),
    messages: some(1 + below(2), () => ({ role: pick(['user', 'assistant']), content: text() })),
    max_tokens: 1 + below(10),
    ...maybe(0.5, () => ({ logprobs: true, top_logprobs: pick([undefined, 0, 3]) })),
  });

  const stopsOf = ({ stop }: Body): string[] => (typeof stop === 'string' ? [stop] : ((stop as string[] | undefined) ?? []));

  /** The length of the echoed prompt of each choice. */
  async function echoLengths({ prompt, echo, n = 1 }: Body): Promise<number[]> {
    if (!echo) return [];
    const prompts = Array.isArray(prompt) && typeof prompt[0] !== 'number' ? prompt : [prompt];
    const texts = await Promise.all(
      prompts.map((one: string | number[] | null | undefined) =>
        typeof one === 'string' ? one : detokenize((one ?? []).filter((id) => id !== 0)),
      ),
    );
    return texts.flatMap(({ length }) => new Array<number>(n as number).fill(length));
  }

  /** A completion with stop strings must be the one without them, cut where a stop string begins. */
  function expectCut(body: Body, actual: Joined, unstopped: Joined, echoed: number[]) {
    for (const [index, { text, finish_reason }] of actual.choices.entries()) {
      const full = unstopped.choices[index];
      expect(full.text.startsWith(text)).toBe(true);
      const completion = text.slice(echoed[index] ?? 0);
      for (const stop of stopsOf(body)) expect(completion).not.toContain(stop);
      if (text === full.text) expect(finish_reason).toBe(full.finish_reason);
      else {
        expect(finish_reason).toBe('stop');
        expect(stopsOf(body).some((stop) => full.text.startsWith(stop, text.length))).toBe(true);
      }
    }
  }

  it('should join to the answers of the same requests without a stream', async () => {
    const emoji = await tokenize('😀');
    expect(emoji.length).toBeGreaterThan(1);
    const seen = { cut: 0, length: 0, ended: 0, incomplete: 0 };
    for (let round = 0; round < 200; round++) {
      const isChat = round % 10 >= 7;
      const body = isChat ? chatBody(emoji) : completionBody(emoji);
      const streamed = { ...body, stream_options: { include_usage: true } };
      const whole = async (asked: Body) => (isChat ? flatChat(await chat(asked)) : flatCompletion(await complete(asked)));
      const expected = await whole(body);
      const actual = isChat
        ? joinChat(await chunksOf<ChatChunk>('/v1/chat/completions', streamed))
        : joinCompletion(await chunksOf<Completion>('/v1/completions', streamed));
      expect(actual, JSON.stringify(body)).toEqual(expected);
      const echoed = await echoLengths(body);
      const unstopped = body.stop ? await whole({ ...body, stop: undefined }) : expected;
      expectCut(body, actual, unstopped, echoed);
      for (const [index, { text, finish_reason }] of actual.choices.entries()) {
        if (text !== unstopped.choices[index].text) seen.cut++;
        else if (finish_reason === 'length') seen.length++;
        else seen.ended++;
        if (text.includes('\ufffd')) seen.incomplete++;
      }
    }
    // Unless the random requests met all of these cases, the test would prove little.
    for (const [what, count] of Object.entries(seen)) expect(count, what).toBeGreaterThan(10);
  });
});

describe('shapes of completions', () => {
  const given = { prompt: 'Once upon a time', max_tokens: 6, temperature: 0 };

  it('should answer with every field of a completion, and null for log-probabilities that were not requested', async () => {
    const { created, ...answer } = await complete(given);
    expect(Math.abs(created - Date.now() / 1000)).toBeLessThan(60);
    expect(answer).toEqual({
      id: expect.stringMatching(/^cmpl-[0-9a-f]{32}$/),
      object: 'text_completion',
      model: 'tinystories-gpt2',
      system_fingerprint: expect.stringMatching(/^fp_[0-9a-f]{12}_edge-f32$/),
      choices: [{ index: 0, text: ', there was a little girl', logprobs: null, finish_reason: 'length' }],
      usage: usageOf(4, 6),
    });
  });

  it('should stream completions with usage only if it is requested', async () => {
    const plain = await chunksOf<Completion>('/v1/completions', given);
    for (const chunk of plain) {
      expect(chunk).not.toHaveProperty('usage');
      expect(chunk.object).toBe('text_completion');
      expect(chunk.choices).toHaveLength(1);
    }
    expect(plain.at(-1)!.choices[0].finish_reason).toBe('length');
    for (const chunk of plain.slice(0, -1)) expect(chunk.choices[0].finish_reason).toBeNull();
    const withUsage = await chunksOf<Completion>('/v1/completions', { ...given, stream_options: { include_usage: true } });
    expect(withUsage.map(({ usage }) => usage)).toEqual([...plain.map(() => null), usageOf(4, 6)]);
    expect(withUsage.at(-1)!.choices).toEqual([]);
    expect(await chunksOf<Completion>('/v1/completions', { ...given, stream_options: { include_usage: false } })).toHaveLength(
      plain.length,
    );
  });

  it("should send each token's text as soon as it is generated", async () => {
    const texts = (await chunksOf<Completion>('/v1/completions', given))
      .map(({ choices }) => choices[0].text)
      .filter((text) => text !== '');
    expect(texts).toEqual([',', ' there', ' was', ' a', ' little', ' girl']);
  });

  it('should report an entry for each token of prompt and completion with echo', async () => {
    const prompt = 'Tom said, "Hi!" Then he';
    const count = (await tokenize(prompt)).length;
    const { choices } = await complete({ prompt, max_tokens: 5, temperature: 0, echo: true, logprobs: 2 });
    const { text, logprobs } = choices[0];
    expect(text.startsWith(prompt)).toBe(true);
    const { tokens, token_logprobs, top_logprobs, text_offset } = logprobs!;
    for (const list of [tokens, token_logprobs, top_logprobs, text_offset]) expect(list).toHaveLength(count + 5);
    expect([token_logprobs[0], top_logprobs[0]]).toEqual([null, null]);
    expectSlices(text, logprobs!);
    // A token that was generated greedily is the most probable one; a token of the prompt is among the reported ones.
    for (const [index, top] of top_logprobs.entries()) {
      if (index === 0) continue;
      expect(top![tokens[index]]).toBe(token_logprobs[index]);
      if (index >= count) expect(Math.max(...Object.values(top!))).toBe(token_logprobs[index]);
    }
  });

  /** The text from each offset to the next must be the token. */
  function expectSlices(text: string, { tokens, text_offset }: LegacyLogprobs) {
    const ends = [...text_offset.slice(1), text.length];
    expect(text_offset.map((offset, index) => text.slice(offset, ends[index]))).toEqual(tokens);
  }

  it('should count offsets from the beginning of the text, with and without echo', async () => {
    for (const echo of [false, true]) {
      const [{ text, logprobs }] = (await complete({ ...given, echo, logprobs: 0 })).choices;
      expect(logprobs!.text_offset[0]).toBe(0);
      expectSlices(text, logprobs!);
    }
  });

  it('should count and report the token that ends the text', async () => {
    const { choices, usage } = await complete({ ...given, logit_bias: { 0: 100 }, logprobs: 1 });
    expect(choices[0]).toMatchObject({ text: '', finish_reason: 'stop' });
    expect(choices[0].logprobs).toMatchObject({ tokens: ['<|endoftext|>'], text_offset: [0] });
    expect(Object.keys(choices[0].logprobs!.top_logprobs[0]!).sort()).toEqual([',', '<|endoftext|>']);
    expect(usage!.completion_tokens).toBe(1);
  });

  it('should count the tokens of a stop string, but not report them', async () => {
    const { choices, usage } = await complete({ ...given, stop: ' was', logprobs: 0 });
    expect(choices[0]).toMatchObject({ text: ', there', finish_reason: 'stop' });
    expect(choices[0].logprobs!.tokens).toEqual([',', ' there']);
    expect(usage!.completion_tokens).toBe(3);
  });

  it('should alternate between the chunks of choices, which are generated together', async () => {
    const chunks = await chunksOf<Completion>('/v1/completions', {
      ...given,
      prompt: ['Once upon a time', 'The dog'],
      n: 3,
      max_tokens: 30,
    });
    const order = chunks.map(({ choices: [{ index }] }) => index);
    expect(new Set(order)).toEqual(new Set([0, 1, 2, 3, 4, 5]));
    // Each choice has chunks before the last choice begins to end.
    const firstEnd = chunks.findIndex(({ choices: [{ finish_reason }] }) => finish_reason !== null);
    for (let index = 0; index < 6; index++) expect(order.slice(0, firstEnd).filter((other) => other === index).length).toBeGreaterThan(5);
  });

  it('should echo a prompt without generating', async () => {
    const { choices, usage } = await complete({ prompt: 'Once upon', max_tokens: 0, echo: true });
    expect(choices).toEqual([{ index: 0, text: 'Once upon', logprobs: null, finish_reason: 'length' }]);
    expect(usage!.completion_tokens).toBe(0);
  });
});

describe('shapes of chats', () => {
  const given = { messages: [{ role: 'user', content: 'Tell me a story about a cat.' }], max_tokens: 5, temperature: 0 };

  it('should answer with every field of a chat completion', async () => {
    const { created, ...answer } = await chat(given);
    expect(Math.abs(created - Date.now() / 1000)).toBeLessThan(60);
    expect(answer).toEqual({
      id: expect.stringMatching(/^chatcmpl-[0-9a-f]{32}$/),
      object: 'chat.completion',
      model: 'tinystories-gpt2',
      system_fingerprint: expect.stringMatching(/^fp_[0-9a-f]{12}_edge-f32$/),
      choices: [
        { index: 0, message: { role: 'assistant', content: ' One day, a cat', refusal: null }, logprobs: null, finish_reason: 'length' },
      ],
      usage: usageOf(17, 5),
    });
  });

  it('should open each choice of a stream with the role and close it with an empty delta', async () => {
    const chunks = await chunksOf<ChatChunk>('/v1/chat/completions', { ...given, n: 2, stream_options: { include_usage: true } });
    for (const index of [0, 1]) {
      const own = chunks.flatMap(({ choices }) => choices).filter((choice) => choice.index === index);
      expect(own[0]).toEqual({ index, delta: { role: 'assistant', content: '', refusal: null }, logprobs: null, finish_reason: null });
      expect(own.at(-1)).toEqual({ index, delta: {}, logprobs: null, finish_reason: 'length' });
      for (const { delta, finish_reason } of own.slice(1, -1)) {
        expect(Object.keys(delta)).toEqual(['content']);
        expect(finish_reason).toBeNull();
      }
    }
    expect(chunks.map(({ usage }) => usage).slice(0, -1)).toEqual(chunks.slice(0, -1).map(() => null));
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: usageOf(17, 10) });
    for (const chunk of await chunksOf<ChatChunk>('/v1/chat/completions', given)) {
      expect(chunk).not.toHaveProperty('usage');
      expect(chunk.object).toBe('chat.completion.chunk');
    }
  });

  it('should report the token that ends the text', async () => {
    const { choices, usage } = await chat({ ...given, logit_bias: { 0: 100 }, logprobs: true });
    expect(choices[0]).toMatchObject({ message: { content: '' }, finish_reason: 'stop' });
    expect(choices[0].logprobs!.content).toEqual([
      { token: '<|endoftext|>', logprob: expect.any(Number), bytes: [...new TextEncoder().encode('<|endoftext|>')], top_logprobs: [] },
    ]);
    expect(usage.completion_tokens).toBe(1);
  });

  it('should give the most probable alternative the value of the token itself', async () => {
    const { choices } = await chat({ ...given, logprobs: true, top_logprobs: 20 });
    expect(choices[0].logprobs!.refusal).toBeNull();
    for (const { token, logprob, bytes, top_logprobs } of choices[0].logprobs!.content) {
      expect(top_logprobs).toHaveLength(20);
      expect(top_logprobs[0]).toEqual({ token, logprob, bytes });
      expect(top_logprobs.map((top) => top.logprob)).toEqual(top_logprobs.map((top) => top.logprob).sort((a, b) => b - a));
    }
  });
});
