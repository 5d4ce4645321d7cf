import OpenAI, { BadRequestError } from 'openai';
import type { Decision, DecisionCreateParams } from 'openai/resources/decisions';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LocalWorker } from '../../src/local/local-worker.ts';
import { serveDefaultModel } from './serve-default-model.ts';

const MODEL = 'tinystories-gpt2';
const INPUT = 'Lily had a big red ball. She gave it to her dog, and the dog was very happy.';
const QUESTIONS: DecisionCreateParams['questions'] = [
  { type: 'predicate', name: 'happy', instructions: 'The dog is happy.' },
  { type: 'choice', instructions: 'Who has the ball?', choices: [{ value: 'the dog' }, { value: 'the cat' }, { value: true }] },
  {
    type: 'score',
    name: 'mood',
    instructions: [{ type: 'input_text', text: 'How happy is it?' }],
    levels: [{ label: 'sad' }, { label: 'happy' }],
  },
];

describe('decisions through the openai package', () => {
  let worker: LocalWorker;
  let client: OpenAI;
  beforeAll(async () => {
    worker = await serveDefaultModel();
    client = new OpenAI({ baseURL: `${worker.url.origin}/v1`, apiKey: 'none', maxRetries: 0 });
  });
  afterAll(() => worker.stop());

  const decide = (input: DecisionCreateParams['input'] = INPUT) => client.decisions.create({ model: MODEL, input, questions: QUESTIONS });

  it('should have every field of the types, and no other', async () => {
    const decision: Decision = await decide();
    const [first, second, third] = decision.answers;
    if (first.type !== 'predicate' || second.type !== 'choice' || third.type !== 'score') throw new Error('other types');
    const keys = (value: object) => Object.keys(value).sort();
    expect(keys(decision)).toEqual(['answers', 'model', 'usage']);
    expect(keys(first)).toEqual(['name', 'probability', 'type']);
    expect(keys(second)).toEqual(['choice', 'confidence', 'name', 'probabilities', 'type']);
    expect(keys(second.probabilities[0])).toEqual(['probability', 'value']);
    expect(keys(third)).toEqual(['confidence', 'name', 'probabilities', 'score', 'type']);
    expect(keys(third.probabilities[0])).toEqual(['label', 'probability', 'value']);
    expect([first.name, second.name, third.name]).toEqual(['happy', null, 'mood']);
    expect(second.choice).toBe(second.probabilities.toSorted((a, b) => b.probability - a.probability)[0].value);
    expect(decision.usage.total_tokens).toBe(decision.usage.input_tokens + decision.usage.output_tokens);
  });

  it('should take every kind of input that the types have', async () => {
    const calibrated = { model: MODEL, input: INPUT, questions: QUESTIONS, gpt_edge: { calibrate: true } };
    expect((await client.decisions.create(calibrated)).answers.length).toBe(3);
    const { answers } = await decide([
      { role: 'developer', content: 'Read with care.' },
      { role: 'user', content: [{ type: 'input_json', data: { dog: 'happy' } }] },
      { type: 'function_call', call_id: 'a', name: 'look', arguments: '{}' },
      { type: 'function_call_output', call_id: 'a', output: 'a ball' },
      { role: 'assistant', content: [{ type: 'output_text', text: 'A ball.' }] },
    ]);
    expect(answers.length).toBe(3);
  });

  it('should give the same bits to many callers at once, whatever else is asked for', async () => {
    const { answers } = await decide();
    const other = () => client.completions.create({ model: MODEL, prompt: 'Once upon a time', max_tokens: 60, n: 3, seed: 1 });
    const all = await Promise.all([decide(), other(), decide('Tom had a boat.'), decide(), other(), decide()]);
    for (const index of [0, 3, 5]) expect((all[index] as Decision).answers).toEqual(answers);
  });

  it('should read typed errors', async () => {
    const failed = await client.decisions.create({ model: MODEL, input: INPUT, questions: [] }).catch((error) => error);
    expect(failed).toBeInstanceOf(BadRequestError);
    expect(failed).toMatchObject({ code: 'invalid_value', param: 'questions' });
  });

  it('should end when the client leaves, and go on to serve others', async () => {
    const questions = Array.from({ length: 400 }, (_, index) => ({
      ...QUESTIONS[1],
      instructions: `Who has number ${index} of them all?`,
    }));
    const body = { model: MODEL, input: INPUT.repeat(4), questions: questions as DecisionCreateParams['questions'] };
    await expect(client.decisions.create(body, { signal: AbortSignal.timeout(30) })).rejects.toThrow(/abort/i);
    expect((await decide()).answers.length).toBe(3);
  });
});
