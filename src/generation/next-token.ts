import type { Logits } from '../core/logits.ts';
import { checkContext } from './check-context.ts';
import type { LanguageModel } from './language-model.ts';
import { logSumExp, type TokenLogprob } from './sampling/log-probabilities.ts';
import { topTokens } from './sampling/sampler.ts';
import { TokenWork } from './token-work.ts';
import type { WorkBudget } from './work-budget.ts';

export interface NextTokenDistribution {
  /** The most probable tokens, best first. */
  top: TokenLogprob[];
  /** The tokens that would end the text. */
  endOfSequence: TokenLogprob[];
  /** Probability of all tokens that are not in `top`. */
  restProbability: number;
}

/**
 * Computes the distribution of the token after `prompt`, as the model gives it: before temperature, penalties and bias.
 * @param partition as that of a `CompletionRequest`
 */
export async function nextToken(
  model: LanguageModel,
  prompt: readonly number[],
  count: number,
  budget: WorkBudget,
  partition = '',
): Promise<NextTokenDistribution> {
  checkContext(model, prompt.length, 1);
  let top: TokenLogprob[] = [];
  let endOfSequence: TokenLogprob[] = [];
  const read = (logits: Logits) => {
    const norm = logSumExp(logits);
    const scored = (id: number): TokenLogprob => ({ id, logprob: logits.values[id] - norm });
    top = topTokens(logits, count).map(scored);
    endOfSequence = model.manifest.eosTokenIds.map(scored);
  };
  const readWork = () => new TokenWork(model).score(count);
  const task = { tokens: prompt, partition, adapter: model.adapter, firstRead: () => prompt.length - 1, read, readWork, choices: [] };
  for await (const _ of await model.scheduler.submit(() => [task], budget));
  const shown = top.reduce((sum, { logprob }) => sum + Math.exp(logprob), 0);
  return { top, endOfSequence, restProbability: Math.max(0, 1 - shown) };
}
