import type { EvaluatedModel } from './evaluated-model.ts';
import type { TextWindow } from './text-windows.ts';

/** Logits held at a time, as float32: 16 MiB. */
const MAX_LOGITS = 2 ** 22;
/** Positions fed at a time: a longer call's intermediate values take more memory and no less time. */
const MAX_POSITIONS = 256;

/** Logits of consecutive positions, and the tokens that really came after each. */
export interface ScoredRows {
  readonly targets: readonly number[];
  /** [targets, vocabularySize], row-major. */
  readonly logits: Float32Array;
}

/** Feeds a window of `ids` to a model and yields the logits that predict each scored token, a bounded number at a time. */
export async function* windowLogits(model: EvaluatedModel, ids: readonly number[], window: TextWindow): AsyncGenerator<ScoredRows> {
  const rowsAtOnce = Math.max(1, Math.min(MAX_POSITIONS, Math.floor(MAX_LOGITS / model.manifest.vocabularySize)));
  const sequence = model.decoder.createSequence();
  try {
    const firstRow = window.firstScored - 1;
    for (let start = window.start; start < firstRow; start += MAX_POSITIONS)
      await sequence.forward(ids.slice(start, Math.min(start + MAX_POSITIONS, firstRow)));
    for (let start = firstRow; start < window.end - 1; start += rowsAtOnce) {
      const end = Math.min(start + rowsAtOnce, window.end - 1);
      const logits = await sequence.forward(ids.slice(start, end), end - start);
      yield { targets: ids.slice(start + 1, end + 1), logits };
    }
  } finally {
    sequence.dispose();
  }
}
