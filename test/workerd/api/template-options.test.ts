import { beforeAll, describe, expect, it } from 'vitest';
import type { ChatChunk } from '../../../src/api/openai/schemas/chat-schema.ts';
import { DEFAULT_MODEL, post, projectJson, replaceFile, seedModel } from '../helpers.ts';
import { type Body, chat, chunksOf, detokenize } from './support.ts';

/** A template as Qwen3's, as far as these tests look at it: it thinks unless it is told not to. */
const TEMPLATE = `{% for message in messages %}{% if message.role == 'assistant' %}A:{% if message.reasoning_content %}<think>{{ message.reasoning_content }}</think>{% endif %} {{ message.content | trim }}{{ eos_token }}
{% else %}U: {{ message.content }}
{% endif %}{% endfor %}{% if add_generation_prompt %}A:{% if style %} ({{ style }}){% endif %}{% if enable_thinking is defined and enable_thinking %} <think>
{% endif %}{% endif %}`;

beforeAll(async () => {
  const { id } = await seedModel(DEFAULT_MODEL);
  const config = await projectJson<object>(`${DEFAULT_MODEL}/tokenizer_config.json`);
  await replaceFile(id, 'tokenizer_config.json', JSON.stringify({ ...config, chat_template: TEMPLATE }));
});

const question = { role: 'user', content: 'A cat?' };
const begun = { role: 'assistant', content: 'Once upon a time, ' };
const promptOf = async (body: Body) =>
  detokenize((await chat({ messages: [question], max_tokens: 1, ...body, return_token_ids: true })).prompt_token_ids!);

describe('the prompt of a chat', () => {
  it('should end where the next answer begins, unless that is not wanted', async () => {
    expect(await promptOf({})).toBe('U: A cat?\nA:');
    expect(await promptOf({ add_generation_prompt: false })).toBe('U: A cat?\n');
  });

  it('should end within the last message if that is to be continued, as transformers cuts it', async () => {
    const continued = { messages: [question, begun], continue_final_message: true };
    // The template trims the message.
    expect(await promptOf(continued)).toBe('U: A cat?\nA: Once upon a time,');
    expect(await promptOf({ ...continued, add_generation_prompt: false })).toBe('U: A cat?\nA: Once upon a time,');
    expect(await promptOf({ messages: [begun, question], continue_final_message: true })).toBe(
      'A: Once upon a time,<|endoftext|>\nU: A cat?',
    );
    expect(await promptOf({ messages: [question, begun] })).toBe('U: A cat?\nA: Once upon a time,<|endoftext|>\nA:');
    const greedy = { ...continued, temperature: 0, max_tokens: 8 };
    expect((await chat(greedy)).choices[0].message.content).toMatch(/^ there was/);
  });

  it('should refuse to continue a message that is not in it', async () => {
    const answer = await post('/v1/chat/completions', { messages: [question, { ...begun, content: ' ' }], continue_final_message: true });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ error: { code: 'chat_template_error', param: 'messages' } });
  });

  it('should have the variables that the request gives the template, as text', async () => {
    expect(await promptOf({ chat_template_kwargs: { style: 'short<|endoftext|>' } })).toBe('U: A cat?\nA: (short<|endoftext|>)');
    const { prompt_token_ids: ids } = await chat({
      messages: [question],
      max_tokens: 1,
      return_token_ids: true,
      chat_template_kwargs: { style: 'short<|endoftext|>' },
    });
    expect(ids).not.toContain(0);
    for (const chat_template_kwargs of [{}, null, { unheard_of: [1, { a: 2 }] }])
      expect(await promptOf({ chat_template_kwargs })).toBe('U: A cat?\nA:');
  });

  it('should show what an assistant thought, if the template does', async () => {
    const thought = { role: 'assistant', content: 'Yes.', reasoning_content: 'Cats meow.' };
    expect(await promptOf({ messages: [question, thought, question] })).toContain('A:<think>Cats meow.</think> Yes.');
  });
});

describe('what a model thinks', () => {
  const said = (text: string) => ({ messages: [question], max_tokens: 100, structured_outputs: { choice: [text] } });

  /** The answer of a chat, which must be the same streamed, and its parts may not overlap. */
  async function answer(body: Body) {
    const { message } = (await chat(body)).choices[0];
    const chunks = await chunksOf<ChatChunk>('/v1/chat/completions', body);
    const deltas = chunks.map(({ choices }) => choices[0].delta);
    expect(deltas.map(({ content }) => content ?? '').join('')).toBe(message.content);
    expect(deltas.map(({ reasoning_content }) => reasoning_content ?? '').join('')).toBe(message.reasoning_content ?? '');
    return message;
  }

  it('should be split off what it says, streamed too', async () => {
    expect(await answer(said('<think>\nCats meow.\n\nDo they?\n</think>\n\nYes.'))).toEqual({
      role: 'assistant',
      content: 'Yes.',
      refusal: null,
      reasoning_content: 'Cats meow.\n\nDo they?',
    });
    expect(await answer(said('Yes <think>.'))).toEqual({ role: 'assistant', content: 'Yes <think>.', refusal: null });
  });

  it('should have begun where the prompt ends within the tags', async () => {
    const thinking = { chat_template_kwargs: { enable_thinking: true } };
    expect(await answer({ ...said('Cats meow.\n</think>\n\nYes.'), ...thinking })).toMatchObject({
      content: 'Yes.',
      reasoning_content: 'Cats meow.',
    });
    const messages = [question, { role: 'assistant', content: '<think>Cats' }];
    expect(await answer({ ...said(' meow.</think>Yes.'), messages, continue_final_message: true })).toMatchObject({
      content: 'Yes.',
      reasoning_content: ' meow.',
    });
  });

  it('should be all of an answer that was cut before its end, and be counted', async () => {
    const body = { ...said('<think>Cats meow all day long.</think>Yes.'), max_tokens: 10, n: 2, logprobs: true };
    const { choices, usage } = await chat(body);
    for (const { message, finish_reason, logprobs } of choices) {
      expect(message).toMatchObject({ content: '', reasoning_content: expect.stringMatching(/^Cats/) });
      expect(finish_reason).toBe('length');
      expect(logprobs!.content).toHaveLength(10);
    }
    expect(usage.completion_tokens).toBe(20);
  });
});
