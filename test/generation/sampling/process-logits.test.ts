import { expect, it } from 'vitest';
import { processLogits } from '../../../src/generation/sampling/process-logits.ts';
import { SAMPLING_DEFAULTS, type SamplingOptions } from '../../../src/generation/sampling/sampling-options.ts';

const PROMPT = [1, 1, 2];
const GENERATED = [2, 3, 3, 3];

function processed(options: Partial<SamplingOptions>): number[] {
  const logits = Float32Array.of(4, -4, 2, 8, 0);
  processLogits(logits, { ...SAMPLING_DEFAULTS, seed: 0, ...options }, PROMPT, GENERATED);
  return [...logits];
}

it('should change nothing by default', () => {
  expect(processed({})).toEqual([4, -4, 2, 8, 0]);
});

it('should subtract the frequency penalty for each time a token was generated, and not count the prompt', () => {
  expect(processed({ frequencyPenalty: 0.5 })).toEqual([4, -4, 1.5, 6.5, 0]);
  expect(processed({ frequencyPenalty: -2 })).toEqual([4, -4, 4, 14, 0]);
});

it('should subtract the presence penalty once, and not count the prompt', () => {
  expect(processed({ presencePenalty: 0.5 })).toEqual([4, -4, 1.5, 7.5, 0]);
});

it('should divide positive and multiply negative logits of prompt and completion by the repetition penalty, once', () => {
  expect(processed({ repetitionPenalty: 2 })).toEqual([4, -8, 1, 4, 0]);
  expect(processed({ repetitionPenalty: 0.5 })).toEqual([4, -2, 4, 16, 0]);
});

it('should add the bias', () => {
  const logitBias = new Map([
    [0, -100],
    [4, 2.5],
  ]);
  expect(processed({ logitBias })).toEqual([-96, -4, 2, 8, 2.5]);
});

it('should apply all of them, the repetition penalty to the model’s own logits', () => {
  const logitBias = new Map([[3, 10]]);
  // 8 / 2 - 3 * 0.5 - 0.25 + 10
  expect(processed({ repetitionPenalty: 2, frequencyPenalty: 0.5, presencePenalty: 0.25, logitBias })[3]).toBe(12.25);
});
