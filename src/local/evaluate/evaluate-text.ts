import type { EvaluatedModel } from './evaluated-model.ts';
import { ScoreSums } from './score-sums.ts';
import { type ScoredRows, type TextWindow, textWindows, windowLogits } from './text-windows.ts';
import { findTokenDifference, tokenizeText } from './tokenize-text.ts';

/** How well one model predicts a text. */
export interface Prediction {
  /** Mean of -ln p over the scored tokens, where p is the probability that the model gave the token. */
  readonly natsPerToken: number;
  readonly perplexity: number;
  readonly bitsPerByte: number;
}

export interface Evaluation {
  /** How many tokens were scored. */
  readonly tokens: number;
  /** UTF-8 bytes of the text that the scored tokens stand for. */
  readonly bytes: number;
  /** The most tokens that were fed before a scored one. */
  readonly contextWindow: number;
  readonly model: Prediction;
  /** How well the other model does, if there is one. */
  readonly against?: Prediction;
  /** How many tokens the other model was scored on, if its tokens differ. */
  readonly againstTokens?: number;
  /** How the tokens of the two models differ, in words. Then only their bits per byte can be compared. */
  readonly tokenDifference?: string;
  /** Mean KL divergence from the other model's distribution to this one's, in nats per token. */
  readonly klDivergence?: number;
  /** Share of tokens, from 0 to 1, for which both models find the same one most probable. */
  readonly top1Agreement?: number;
}

export interface EvaluateOptions {
  /** The model to compare with. */
  readonly against?: EvaluatedModel;
  /** Called after each window. */
  readonly onProgress?: (tokens: number, totalTokens: number) => void;
}

/**
 * Scores every token of a text, in windows of the smaller context window (see textWindows).
 * Two models whose tokens differ are scored apart, each by its own tokens.
 * @throws GptEdgeError `invalid_value` for a text without tokens
 */
export async function evaluateText(
  model: EvaluatedModel,
  text: string,
  { against, onProgress }: EvaluateOptions = {},
): Promise<Evaluation> {
  const difference = against && findTokenDifference(model, against, text);
  if (difference !== undefined) return evaluateApart(model, text, { against, onProgress }, difference);
  const { ids, bytes } = tokenizeText(model, text);
  const contextWindow = Math.min(model.decoder.contextWindow, against?.decoder.contextWindow ?? Number.POSITIVE_INFINITY);
  const sums = new ScoreSums();
  for (const window of textWindows(ids.length, contextWindow)) {
    await addWindow(sums, { model, against, ids, window });
    onProgress?.(sums.tokens, ids.length - 1);
  }
  return { ...summarize(sums, bytes, against !== undefined), tokens: sums.tokens, bytes, contextWindow };
}

/** Scores a text with two models whose tokens differ, one after the other. */
async function evaluateApart(
  model: EvaluatedModel,
  text: string,
  { against, onProgress }: EvaluateOptions,
  tokenDifference: string,
): Promise<Evaluation> {
  const evaluation = await evaluateText(model, text, { onProgress });
  const other = await evaluateText(against!, text, { onProgress });
  return { ...evaluation, against: other.model, againstTokens: other.tokens, tokenDifference };
}

interface WindowTask extends Pick<EvaluateOptions, 'against'> {
  readonly model: EvaluatedModel;
  readonly ids: readonly number[];
  readonly window: TextWindow;
}

/** Scores one window. Both models yield the same rows at a time, because their vocabularies have the same size. */
async function addWindow(sums: ScoreSums, { model, against, ids, window }: WindowTask): Promise<void> {
  const others = against && windowLogits(against, ids, window);
  try {
    await addRows(sums, windowLogits(model, ids, window), others);
  } finally {
    // It was asked for exactly as many rows as the first one has, so it has not ended by itself and still holds its
    // KV cache.
    await others?.return(undefined);
  }
}

async function addRows(sums: ScoreSums, rows: AsyncGenerator<ScoredRows>, others?: AsyncGenerator<ScoredRows>): Promise<void> {
  for await (const { targets, logits } of rows) {
    const next = await others?.next();
    const other = next?.done === false ? next.value.logits : undefined;
    const width = logits.length / targets.length;
    const row = (values: Float32Array, index: number) => values.subarray(index * width, (index + 1) * width);
    for (const [index, target] of targets.entries()) sums.add(target, row(logits, index), other && row(other, index));
  }
}

type Means = Pick<Evaluation, 'model' | 'against' | 'klDivergence' | 'top1Agreement'>;

function summarize({ tokens, nats, againstNats, divergence, agreements }: ScoreSums, bytes: number, isComparison: boolean): Means {
  const prediction = (total: number): Prediction => ({
    natsPerToken: total / tokens,
    perplexity: Math.exp(total / tokens),
    bitsPerByte: total / Math.LN2 / bytes,
  });
  const model = prediction(nats);
  if (!isComparison) return { model };
  return { model, against: prediction(againstNats), klDivergence: divergence / tokens, top1Agreement: agreements / tokens };
}
