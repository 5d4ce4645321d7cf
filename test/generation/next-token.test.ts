import { expect, it } from 'vitest';
import { nextToken } from '../../src/generation/next-token.ts';
import { logSumExp } from '../../src/generation/sampling/log-probabilities.ts';
import { topTokens } from '../../src/generation/sampling/sampler.ts';
import { pastModel } from './past-model.ts';
import { logitsOf } from './sampling/reference-logits.ts';

const PROMPT = [3, 1, 4];

it('should give the model’s own probabilities of the most probable and the EOS tokens', async () => {
  const model = pastModel({ eosTokenIds: [0, 49] });
  const logits = model.decoder.logitsAfter(PROMPT);
  const loaded = logitsOf(logits);
  const scored = (id: number) => ({ id, logprob: logits[id] - logSumExp(loaded) });
  const { top, endOfSequence, restProbability } = await nextToken(model, PROMPT, 5);
  expect(top).toEqual(topTokens(loaded, 5).map(scored));
  expect(endOfSequence).toEqual([scored(0), scored(49)]);
  expect(restProbability + top.reduce((sum, { logprob }) => sum + Math.exp(logprob), 0)).toBeCloseTo(1, 12);
  expect(model.decoder.openSequences).toBe(0);
});

it('should leave no probability where all tokens are shown', async () => {
  const { top, restProbability } = await nextToken(pastModel(), PROMPT, 50);
  expect(top.length).toBe(50);
  expect(restProbability).toBeCloseTo(0, 6);
});

it('should need room for one token', async () => {
  const model = pastModel({}, { contextWindow: 3 });
  await expect(nextToken(model, PROMPT, 1)).rejects.toMatchObject({ code: 'context_length_exceeded' });
  expect(model.decoder.calls).toEqual([]);
});

it('should dispose its sequence when aborted', async () => {
  const model = pastModel();
  await expect(nextToken(model, PROMPT, 1, AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' });
  expect(model.decoder.openSequences).toBe(0);
});
