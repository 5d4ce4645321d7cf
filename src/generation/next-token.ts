import { checkContext } from './check-context.ts';
import type { LanguageModel } from './language-model.ts';
import { prefill } from './prefill.ts';
import { logSumExp, type TokenLogprob } from './sampling/log-probabilities.ts';
import { topTokens } from './sampling/top-tokens.ts';
import { Turns } from './work-budget.ts';

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
  const { math } = model;
  const sequence = model.decoder.createSequence();
  try {
    let logits = new Float32Array();
    const turns = new Turns(model.decoder.multiplyAddsPerTurn, signal);
    for await (const slice of prefill(model, sequence, prompt, turns)) logits = slice.logits as Float32Array<ArrayBuffer>;
    math.load(logits);
    const norm = logSumExp(math);
    const scored = (id: number): TokenLogprob => ({ id, logprob: logits[id] - norm });
    const top = topTokens(math, count).map(scored);
    const shown = top.reduce((sum, { logprob }) => sum + Math.exp(logprob), 0);
    return { top, endOfSequence: model.manifest.eosTokenIds.map(scored), restProbability: Math.max(0, 1 - shown) };
  } finally {
    sequence.dispose();
  }
}
