import { beforeAll, describe, expect, it } from 'vitest';
import type { WireAnswer, WireDecision } from '../../../src/api/openai/schemas/decision-schema.ts';
import { ask, DEFAULT_MODEL, post, projectJson, seedModel } from '../helpers.ts';
import type { Body } from './support.ts';

beforeAll(() => seedModel(DEFAULT_MODEL));

const INPUT = 'Lily had a big red ball. She gave it to her dog, and the dog was very happy.';
const predicate = { type: 'predicate', name: 'happy', instructions: 'The dog is happy.' };
const choice = {
  type: 'choice',
  name: 'toy',
  instructions: 'What did Lily have?',
  choices: [{ value: 'a ball' }, { value: 'a big boat' }, { value: 'nothing' }, { value: true }],
};
const score = {
  type: 'score',
  name: 'mood',
  instructions: 'How happy is the dog?',
  levels: [{ label: 'sad' }, { label: 'happy' }, { label: 'very happy' }],
};
const QUESTIONS = [predicate, choice, score];

const decide = (body: Body) => ask<WireDecision>('/v1/decisions', { input: INPUT, questions: QUESTIONS, ...body });
const refusal = async (body: Body) => {
  const answer = await post('/v1/decisions', { input: INPUT, questions: QUESTIONS, ...body });
  return { status: answer.status, ...((await answer.json()) as { error: Body }).error };
};
const probabilitiesOf = (answer: WireAnswer): number[] =>
  answer.type === 'predicate' ? [answer.probability] : answer.probabilities.map(({ probability }) => probability);

interface Reference {
  requests: { input: unknown; questions: Body[]; calibrate: boolean; probabilities: number[][]; coverage: number[]; tokens: number }[];
}

describe('/v1/decisions', () => {
  it('should have the probabilities that transformers gives', async () => {
    const { requests } = await projectJson<Reference>('test/golden/tinystories-gpt2/decisions.json');
    for (const { input, questions, calibrate, probabilities, coverage, tokens } of requests) {
      const { answers, usage } = await ask<WireDecision>('/v1/decisions', { input, questions, gpt_edge: { calibrate, coverage: true } });
      for (const [index, answer] of answers.entries()) {
        const expected = answer.type === 'predicate' ? probabilities[index].slice(0, 1) : probabilities[index];
        for (const [place, probability] of probabilitiesOf(answer).entries()) expect(probability).toBeCloseTo(expected[place], 3);
        expect(answer.gpt_edge!.coverage).toBeCloseTo(coverage[index], 3);
      }
      expect(usage.input_tokens).toBe(tokens);
    }
  });

  it("should answer in OpenAI's shapes, in the order of the questions", async () => {
    const { answers, model, usage } = await decide({});
    expect(model).toBe('tinystories-gpt2');
    const [first, second, third] = answers;
    expect(first).toEqual({ type: 'predicate', name: 'happy', probability: expect.any(Number) });
    if (second.type !== 'choice' || third.type !== 'score') throw new Error('other types');
    expect(second.probabilities.map(({ value }) => value)).toEqual(['a ball', 'a big boat', 'nothing', true]);
    const greatest = Math.max(...probabilitiesOf(second));
    expect(second.probabilities.find(({ value }) => value === second.choice)!.probability).toBe(greatest);
    expect(third.probabilities.map(({ label, value }) => [label, value])).toEqual([
      ['sad', 0],
      ['happy', 1],
      ['very happy', 2],
    ]);
    expect(third.score).toBeCloseTo(
      third.probabilities.reduce((sum, { value, probability }) => sum + value * probability, 0),
      12,
    );
    for (const answer of [second, third]) {
      expect(probabilitiesOf(answer).reduce((sum, probability) => sum + probability, 0)).toBeCloseTo(1, 12);
      expect(answer.confidence).toBeGreaterThan(0);
      expect(answer.confidence).toBeLessThan(1);
    }
    const cached = { cached_tokens: expect.any(Number), cache_write_tokens: 0 };
    const { input_tokens } = usage;
    expect(usage).toEqual({
      input_tokens,
      input_tokens_details: cached,
      output_tokens: 0,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: input_tokens,
    });
  });

  it('should give each question the same bits alone, with others, and in any order', async () => {
    const together = await decide({});
    for (const [index, question] of QUESTIONS.entries())
      expect((await decide({ questions: [question] })).answers).toEqual([together.answers[index]]);
    const reversed = await decide({ questions: QUESTIONS.toReversed() });
    expect(reversed.answers.toReversed()).toEqual(together.answers);
  });

  it('should read the input once, however many questions there are', async () => {
    const input = INPUT.repeat(5);
    const one = await decide({ input, questions: [predicate] });
    const many = await decide({ input, questions: Array.from({ length: 40 }, () => predicate) });
    expect(many.usage.input_tokens).toBe(one.usage.input_tokens);
    const [first] = many.answers;
    for (const answer of many.answers) expect(answer).toEqual(first);
    const other = await decide({ input, questions: [predicate, choice] });
    expect(other.usage.input_tokens).toBeLessThan(one.usage.input_tokens + 60);
  });

  it('should tell what was found in the cache, which prompt_cache_key divides', async () => {
    const cachedOf = async (body: Body) => (await decide({ input: INPUT.repeat(6), ...body })).usage.input_tokens_details.cached_tokens;
    expect(await cachedOf({ prompt_cache_key: 'mine' })).toBe(0);
    expect(await cachedOf({ prompt_cache_key: 'mine' })).toBeGreaterThan(100);
    expect(await cachedOf({ prompt_cache_key: 'yours' })).toBe(0);
  });

  it('should take 400 questions, and no more', async () => {
    const questions = Array.from({ length: 400 }, (_, index) => ({ ...choice, name: `${index}`, instructions: `Is it ${index % 7}?` }));
    const { answers } = await decide({ questions });
    expect(answers.map(({ name }) => name)).toEqual(questions.map(({ name }) => name));
    expect(await refusal({ questions: [...questions, predicate] })).toMatchObject({
      status: 400,
      code: 'invalid_value',
      param: 'questions',
      message: 'Invalid questions: must be 1 to 400 questions',
    });
  });

  it('should take answers that begin alike, that go on with each other, and that are the same text', async () => {
    const values = ['a dog', 'a dog and a cat', 'a big dog', 'true', true, false];
    const { answers } = await decide({ questions: [{ ...choice, choices: values.map((value) => ({ value })) }] });
    const probabilities = probabilitiesOf(answers[0]);
    expect(probabilities.reduce((sum, probability) => sum + probability, 0)).toBeCloseTo(1, 10);
    expect(probabilities[3]).toBe(probabilities[4]);
    for (const probability of probabilities) expect(probability).toBeGreaterThan(0);
  });
});

describe('the input of decisions', () => {
  const answersOf = async (input: unknown) => (await decide({ input })).answers;

  it('should be the same as a text, a message, and parts', async () => {
    const plain = await answersOf(INPUT);
    const part = { type: 'input_text', text: INPUT };
    for (const content of [INPUT, [part], [{ ...part, prompt_cache_breakpoint: { mode: 'explicit' } }]])
      expect(await answersOf([{ role: 'user', content, type: 'message' }])).toEqual(plain);
    const [first, second] = [INPUT.slice(0, 24), INPUT.slice(25)];
    const parts = [first, second].map((text) => ({ type: 'input_text', text }));
    expect(await answersOf([{ role: 'user', content: parts }])).toEqual(await answersOf(`${first}\n${second}`));
    const data = { name: 'Lily', toys: ['ball'] };
    expect(await answersOf([{ role: 'user', content: [{ type: 'input_json', data }] }])).toEqual(await answersOf(JSON.stringify(data)));
  });

  it('should be a conversation written down, with tool calls and what they return', async () => {
    const call = { call_id: 'a', name: 'find_toy', namespace: null, status: 'completed', id: null };
    const conversation = [
      { role: 'user', content: 'Where is it?' },
      { type: 'function_call', ...call, arguments: '{"toy":"ball"}' },
      { type: 'function_call_output', call_id: 'a', output: 'in the garden' },
      { type: 'custom_tool_call', ...call, call_id: 'b', name: 'say', input: 'hello' },
      { type: 'custom_tool_call_output', call_id: 'b', output: [{ type: 'input_text', text: 'said' }] },
      { role: 'assistant', phase: 'final_answer', content: [{ type: 'output_text', text: 'In the garden.' }] },
      { role: 'developer', content: 'Be kind.' },
      { role: 'assistant', content: [{ type: 'refusal', refusal: 'No.' }] },
    ];
    const text = [
      'User: Where is it?',
      'Assistant calls find_toy: {"toy":"ball"}',
      'find_toy returns: in the garden',
      'Assistant calls say: hello',
      'say returns: said',
      'Assistant: In the garden.',
      'System: Be kind.',
      'Assistant: No.',
    ];
    expect(await answersOf(conversation)).toEqual(await answersOf(text.join('\n')));
    const told = await answersOf([
      { role: 'system', content: 'Be kind.' },
      { role: 'user', content: INPUT },
    ]);
    expect(told).not.toEqual(await answersOf(INPUT));
  });

  it('should not turn into special tokens or into the question', async () => {
    for (const input of ['<|endoftext|>', 'Story: \uE000', '\uE000\uE000 Question: who?']) expect((await answersOf(input)).length).toBe(3);
    expect(await answersOf('<|endoftext|>')).not.toEqual(await answersOf(''));
  });

  const image = { type: 'input_image', image_url: 'data:image/png;base64,AAAA', detail: 'auto' };
  it.each<[string, Body, string, string]>([
    ['an image', { input: [{ role: 'user', content: [image] }] }, 'unsupported_parameter', 'input[0].content[0]'],
    [
      'an image in a question',
      { questions: [{ ...predicate, instructions: [image] }] },
      'unsupported_parameter',
      'questions[0].instructions[0]',
    ],
    [
      'an output without a call',
      { input: [{ type: 'function_call_output', call_id: 'x', output: '' }] },
      'invalid_value',
      'input[0].call_id',
    ],
    ['no questions', { questions: [] }, 'invalid_value', 'questions'],
    ['one choice', { questions: [{ ...choice, choices: [{ value: 'a' }] }] }, 'invalid_value', 'questions[0].choices'],
    ['equal choices', { questions: [{ ...choice, choices: [{ value: 'a' }, { value: 'a' }] }] }, 'invalid_value', 'questions[0].choices'],
    [
      'an empty choice',
      { questions: [{ ...choice, choices: [{ value: '' }, { value: 'a' }] }] },
      'invalid_value',
      'questions[0].choices[0].value',
    ],
    [
      'eleven levels',
      { questions: [{ ...score, levels: Array.from({ length: 11 }, (_, index) => ({ label: `${index}` })) }] },
      'invalid_value',
      'questions[0].levels',
    ],
    ['another type', { questions: [{ type: 'essay', instructions: 'x' }] }, 'invalid_value', 'questions[0].type'],
    ['an unknown option', { gpt_edge: { mood: true } }, 'unknown_parameter', 'gpt_edge.mood'],
    ['a text that is too long', { input: 'a big cat '.repeat(300) }, 'context_length_exceeded', 'input'],
  ])('should be refused by name: %s', async (_, body, code, param) => {
    expect(await refusal(body)).toMatchObject({ status: 400, code, param });
  });

  it('should refuse JSON beyond what OpenAI allows', async () => {
    const nested = (depth: number): object => (depth === 0 ? {} : { a: nested(depth - 1) });
    const withJson = (data: unknown) => ({ input: [{ role: 'user', content: [{ type: 'input_json', data }] }] });
    expect((await decide(withJson(nested(30)))).answers.length).toBe(3);
    for (const data of [nested(40), { a: Array.from({ length: 10_001 }, () => 1) }, { a: 'x'.repeat(2 ** 18) }])
      expect(await refusal(withJson(data))).toMatchObject({ status: 400, code: 'invalid_value' });
  });

  it('should change the answers by descriptions, calibration and the instructions', async () => {
    const plain = (await decide({ questions: [choice] })).answers[0];
    const described = { ...choice, choices: choice.choices.map((one) => ({ ...one, description: 'something' })) };
    const changes: Body[] = [
      { questions: [described] },
      { gpt_edge: { calibrate: true } },
      { questions: [{ ...choice, instructions: 'Who?' }] },
      { questions: [{ ...choice, instructions: '' }] },
    ];
    for (const body of changes) {
      const [answer] = (await decide({ questions: [choice], ...body })).answers;
      expect(probabilitiesOf(answer), JSON.stringify(body)).not.toEqual(probabilitiesOf(plain));
    }
    expect((await decide({ questions: [choice], gpt_edge: { calibrate: false, coverage: null } })).answers).toEqual([plain]);
  });

  it('should end with the error timeout when its time is over', async () => {
    const questions = Array.from({ length: 400 }, (_, index) => ({ ...choice, instructions: `Is it ${index}, or what else is it?` }));
    expect(await refusal({ questions, timeout_ms: 1 })).toMatchObject({ status: 408, code: 'timeout', param: 'timeout_ms' });
  });
});
