import type { Sequence } from '../model/decoder.ts';
import type { LanguageModel } from './language-model.ts';
import { MULTIPLY_ADDS_PER_TURN, turn } from './turn.ts';

/** Logits of several positions are one array; 8 MB of it is little beside the weights. */
const MAX_LOGITS_BYTES = 8 * 2 ** 20;

export interface PrefillSlice {
  /** Index of the slice's first token in the prompt. */
  start: number;
  /** Tokens in the slice. */
  count: number;
  /** [count, vocabularySize] with all logits asked for, else [1, vocabularySize], of the last token. Valid until the next slice. */
  logits: Float32Array;
}

/**
 * Feeds a prompt to a sequence: in one call where it is short, else in slices of one turn's work each.
 * @throws GptEdgeError `context_length_exceeded`; the signal's reason once it is aborted
 */
export async function* prefill(
  model: LanguageModel,
  sequence: Sequence,
  prompt: readonly number[],
  options: { allLogits?: boolean; signal?: AbortSignal },
): AsyncGenerator<PrefillSlice> {
  const byWork = MULTIPLY_ADDS_PER_TURN / model.manifest.multiplyAddsPerToken;
  const byMemory = options.allLogits ? MAX_LOGITS_BYTES / (model.manifest.vocabularySize * 4) : prompt.length;
  const size = Math.max(1, Math.floor(Math.min(byWork, byMemory)));
  for (let start = 0; start < prompt.length; start += size) {
    await turn(options.signal);
    const tokens = prompt.slice(start, start + size);
    yield { start, count: tokens.length, logits: await sequence.forward(tokens, options.allLogits ? tokens.length : 1) };
  }
}
