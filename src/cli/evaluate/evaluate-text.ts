import { logSumExp } from '../../generation/log-probabilities.ts';
import { GptEdgeError } from '../../model/errors.ts';
import type { EvaluatedModel } from './evaluated-model.ts';
import { textWindows } from './text-windows.ts';
import { tokenizeText } from './tokenize-text.ts';
import { type ScoredRows, windowLogits } from './window-logits.ts';

/** How well one model predicts a text. */
export interface Prediction {
  /** Mean of -ln p over the scored tokens. */
  readonly natsPerToken: number;
  readonly perplexity: number;
  readonly bitsPerByte: number;
}

export interface Evaluation {
  /** Tokens scored. */
  readonly tokens: number;
  /** UTF-8 bytes of the text that they stand for. */
  readonly bytes: number;
  readonly model: Prediction;
  /** Only where there is another model to compare with. */
  readonly against?: Prediction;
  /** Mean KL divergence from the other model's distribution to this one's, in nats per token. */
  readonly klDivergence?: number;
  /** Share of tokens for which both models find the same one most probable. */
  readonly top1Agreement?: number;
}

export interface EvaluateOptions {
  /** The model to compare with. */
  readonly against?: EvaluatedModel;
  readonly onProgress?: (tokens: number, totalTokens: number) => void;
}

/**
 * Scores every token of a text, in windows of the smaller context window (see textWindows).
 * @throws GptEdgeError `invalid_value` for a text of no tokens, or models whose tokens differ
 */
export async function evaluateText(model: EvaluatedModel, text: string, { against, onProgress }: EvaluateOptions): Promise<Evaluation> {
  const { ids, bytes } = tokenizeText(model, text, against);
  const contextWindow = Math.min(model.manifest.contextWindow, against?.manifest.contextWindow ?? Number.POSITIVE_INFINITY);
  const sums = { tokens: 0, nats: 0, againstNats: 0, divergence: 0, agreements: 0 };
  for (const window of textWindows(ids.length, contextWindow)) {
    const others = against && windowLogits(against, ids, window);
    for await (const rows of windowLogits(model, ids, window)) {
      addRows(sums, rows, (await others?.next())?.value?.logits);
      onProgress?.(sums.tokens, ids.length - 1);
    }
  }
  const prediction = (nats: number): Prediction => ({
    natsPerToken: nats / sums.tokens,
    perplexity: Math.exp(nats / sums.tokens),
    bitsPerByte: nats / Math.LN2 / bytes,
  });
  const evaluation = { tokens: sums.tokens, bytes, model: prediction(sums.nats) };
  if (!against) return evaluation;
  return {
    ...evaluation,
    against: prediction(sums.againstNats),
    klDivergence: sums.divergence / sums.tokens,
    top1Agreement: sums.agreements / sums.tokens,
  };
}
