import { beforeAll, describe, expect, it } from 'vitest';
import type { ChatChunk } from '../../../src/api/openai/schemas/chat-schema.ts';
import type { Completion } from '../../../src/api/openai/schemas/completion-schema.ts';
import { DEFAULT_MODEL, seedModel } from '../helpers.ts';
import { chat, chunksOf, complete, detokenize, idsOf, tokenize } from './support.ts';

beforeAll(() => seedModel(DEFAULT_MODEL));

describe('return_token_ids', () => {
  const prompt = 'Once upon a time';
  const given = { prompt, max_tokens: 300, seed: 4, return_token_ids: true };
  const messages = [{ role: 'user', content: 'Tell me a story about a frog.' }];

  it('should add nothing to the answer unless it is true', async () => {
    for (const body of [
      { prompt, max_tokens: 2 },
      { prompt, max_tokens: 2, return_token_ids: false },
    ])
      expect((await complete(body)).choices[0]).not.toHaveProperty('token_ids');
    const answer = await chat({ messages, max_tokens: 2 });
    expect([answer, answer.choices[0]].filter((part) => 'token_ids' in part || 'prompt_token_ids' in part)).toEqual([]);
  });

  it('should return the ids of prompt and completion, including the end-of-sequence token', async () => {
    const { choices, usage } = await complete({ ...given, logprobs: 0 });
    const [{ token_ids, prompt_token_ids, text, logprobs }] = choices;
    expect(prompt_token_ids).toEqual(await tokenize(prompt));
    expect(token_ids).toHaveLength(usage!.completion_tokens);
    expect(token_ids!.at(-1)).toBe(0);
    expect(await detokenize(token_ids!.slice(0, -1))).toBe(text);
    expect(await idsOf(logprobs!.tokens.slice(0, -1))).toEqual(token_ids!.slice(0, -1));
  });

  it.each([false, true])('should return the same ids for each choice in a stream and in a whole answer (echo: %s)', async (echo) => {
    const body = { ...given, max_tokens: 20, n: 2, echo };
    const { choices } = await complete(body);
    const chunks = await chunksOf<Completion>('/v1/completions', body);
    for (const { index, token_ids, prompt_token_ids } of choices) {
      const own = chunks.flatMap((chunk) => chunk.choices).filter((choice) => choice.index === index);
      expect(own.flatMap((choice) => choice.token_ids)).toEqual(token_ids);
      expect(own.map((choice) => choice.prompt_token_ids)).toEqual([prompt_token_ids, ...own.slice(1).map(() => undefined)]);
      expect(token_ids).toHaveLength(echo ? 24 : 20);
    }
  });

  it('should return the ids of a chat, so that a completion can continue from any of its tokens', async () => {
    const body = { messages, max_tokens: 20, seed: 4, return_token_ids: true };
    const { choices, prompt_token_ids } = await chat(body);
    const { token_ids, message } = choices[0];
    expect(await detokenize(token_ids!)).toBe(message.content);
    const chunks = await chunksOf<ChatChunk>('/v1/chat/completions', body);
    expect(chunks.flatMap((chunk) => chunk.choices[0].token_ids ?? [])).toEqual(token_ids);
    expect(chunks.map((chunk) => chunk.prompt_token_ids)).toEqual([prompt_token_ids, ...chunks.slice(1).map(() => undefined)]);
    const rest = await complete({ ...given, prompt: [...prompt_token_ids!, ...token_ids!.slice(0, 8)], max_tokens: 12 });
    expect(rest.choices[0].token_ids).toEqual(token_ids!.slice(8));
  });
});
