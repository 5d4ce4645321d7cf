import { describe, expect, it } from 'vitest';
import { checkWork, DEFAULT_MAX_WORK } from '../../src/generation/check-work.ts';
import { completionRequest, pastModel } from './past-model.ts';

const MODEL = pastModel({ multiplyAddsPerToken: 6e6 }, { contextWindow: 512, vocabularySize: 4096 });
const check = (changes: Parameters<typeof completionRequest>[0], limit = DEFAULT_MAX_WORK) =>
  checkWork(MODEL, [completionRequest(changes)], limit);

describe('checkWork', () => {
  it('should let the whole context window be generated 128 times with a model like the default one', () => {
    expect(() => check({ choices: 128, maxTokens: 500 })).not.toThrow();
  });

  it.each([
    ['n', { choices: 3, maxTokens: 100 }],
    ['max_tokens', { choices: 1, maxTokens: 300 }],
    ['prompt', { prompt: Array.from({ length: 500 }, () => 1), maxTokens: 1 }],
  ])('should refuse what exceeds the limit, with sum and limit, and name %s', (param, changes) => {
    expect(() => check(changes, 1e9)).toThrow(/may take [\d.,]+ billion multiply-adds.*limit is 1 billion \(MAX_WORK\)/);
    expect(() => check(changes, 1e9)).toThrow(expect.objectContaining({ code: 'invalid_value', param }));
  });

  it('should count the multiply-adds of a slower engine as often as they take longer', () => {
    const slow = pastModel({ multiplyAddsPerToken: 6e6 }, { contextWindow: 512, vocabularySize: 4096 });
    slow.decoder.costOfMultiplyAdd = 10;
    const request = completionRequest({ choices: 1, maxTokens: 50 });
    expect(() => checkWork(MODEL, [request], 1e9)).not.toThrow();
    expect(() => checkWork(slow, [request], 1e9)).toThrow('one of the engine past counts 10 times');
    expect(() => checkWork(slow, [request], 10e9)).not.toThrow();
  });

  it('should count that prompts are scored', () => {
    const prompt = Array.from({ length: 100 }, () => 1);
    expect(() => check({ prompt, maxTokens: 0 }, 0.65e9)).not.toThrow();
    expect(() => check({ prompt, maxTokens: 0, promptLogprobs: 5 }, 0.65e9)).toThrow(/MAX_WORK/);
  });
});
