import { checkContext } from './check-context.ts';
import type { LanguageModel } from './language-model.ts';
import { prefill } from './prefill.ts';
import { logSumExp, type TokenLogprob } from './sampling/log-probabilities.ts';
import { topTokens } from './sampling/sampler.ts';
import { WorkBudget } from './work-budget.ts';

export interface NextTokenDistribution {
  /** The most probable tokens, best first. */
  top: TokenLogprob[];
  /** The tokens that would end the text. */
  endOfSequence: TokenLogprob[];
  /** Probability of all tokens that are not in `top`. */
  restProbability: number;
}

/** The distribution of the token after `prompt`, as the model gives it: before temperature, penalties and bias. */
export async function nextToken(
  model: LanguageModel,
  prompt: readonly number[],
  count: number,
  signal?: AbortSignal,
): Promise<NextTokenDistribution> {
  checkContext(model, prompt.length, 1);
  const sequence = model.decoder.createSequence();
  const budget = new WorkBudget(model.decoder.multiplyAddsPerTurn, signal);
  let top: TokenLogprob[] = [];
  let endOfSequence: TokenLogprob[] = [];
  try {
    await prefill(model, sequence, prompt, budget, (logits) => {
      const norm = logSumExp(logits);
      const scored = (id: number): TokenLogprob => ({ id, logprob: logits.values[id] - norm });
      top = topTokens(logits, count).map(scored);
      endOfSequence = model.manifest.eosTokenIds.map(scored);
    });
  } finally {
    sequence.dispose();
  }
  const shown = top.reduce((sum, { logprob }) => sum + Math.exp(logprob), 0);
  return { top, endOfSequence, restProbability: Math.max(0, 1 - shown) };
}
