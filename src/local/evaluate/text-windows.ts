import type { EvaluatedModel } from './evaluated-model.ts';

/**
 * A part of a tokenized text: the tokens from `start` on are fed, and those from `firstScored` to before `end` are
 * scored.
 */
export interface TextWindow {
  readonly start: number;
  readonly firstScored: number;
  readonly end: number;
}

/**
 * Cuts a text of `tokens` tokens into windows that score each token once, except for the first token, because nothing
 * comes before it. A window feeds as many tokens as the context window holds, and the next one starts half a context
 * window later: so every token is predicted from at least half a context window of the tokens before it, unless the
 * text has fewer.
 */
export function textWindows(tokens: number, contextWindow: number): TextWindow[] {
  const stride = Math.max(1, Math.floor(contextWindow / 2));
  const windows: TextWindow[] = [];
  for (let start = 0, firstScored = 1; firstScored < tokens; start += stride) {
    // The last token of a window is predicted, not fed.
    const end = Math.min(start + contextWindow + 1, tokens);
    windows.push({ start, firstScored, end });
    firstScored = end;
  }
  return windows;
}

/** Logits held at a time, as float32: 16 MiB. */
const MAX_LOGITS = 2 ** 22;
/** Positions fed at a time: a longer call takes no less time, and its intermediate values take more memory. */
const MAX_POSITIONS = 256;

/** Logits of consecutive positions, and the tokens that follow them in the text. */
export interface ScoredRows {
  readonly targets: readonly number[];
  /** [targets, vocabularySize], row-major. */
  readonly logits: Float32Array;
}

/**
 * Feeds a window of `ids` to a model and yields the logits that predict each scored token, a bounded number at a
 * time.
 */
export async function* windowLogits(model: EvaluatedModel, ids: readonly number[], window: TextWindow): AsyncGenerator<ScoredRows> {
  const rowsAtOnce = Math.max(1, Math.min(MAX_POSITIONS, Math.floor(MAX_LOGITS / model.manifest.vocabularySize)));
  const sequence = model.decoder.createSequence();
  try {
    const firstRow = window.firstScored - 1;
    for (let start = window.start; start < firstRow; start += MAX_POSITIONS)
      await sequence.forward(ids.slice(start, Math.min(start + MAX_POSITIONS, firstRow)), 0);
    for (let start = firstRow; start < window.end - 1; start += rowsAtOnce) {
      const end = Math.min(start + rowsAtOnce, window.end - 1);
      const logits = await sequence.forward(ids.slice(start, end), end - start);
      yield { targets: ids.slice(start + 1, end + 1), logits };
    }
  } finally {
    sequence.dispose();
  }
}
