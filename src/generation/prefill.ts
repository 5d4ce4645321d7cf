import type { Sequence } from '../core/decoder.ts';
import type { LanguageModel } from './language-model.ts';
import type { Turns } from './work-budget.ts';

/** Logits of several positions are one array; 8 MB of it is little beside the weights. */
const MAX_LOGITS_BYTES = 8 * 2 ** 20;

export interface PrefillSlice {
  /** Index of the slice's first token in the prompt. */
  start: number;
  /** Tokens in the slice. */
  count: number;
  /** [count, vocabularySize] with all logits asked for, else those after the prompt's last token, and none before. Valid until the next slice. */
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
  turns: Turns,
  { allLogits = false }: { allLogits?: boolean } = {},
): AsyncGenerator<PrefillSlice> {
  const { multiplyAddsPerToken } = model.manifest;
  const byWork = model.decoder.multiplyAddsPerTurn / multiplyAddsPerToken;
  const byMemory = allLogits ? MAX_LOGITS_BYTES / (model.manifest.vocabularySize * 4) : prompt.length;
  const size = Math.max(1, Math.floor(Math.min(byWork, byMemory)));
  for (let start = 0; start < prompt.length; start += size) {
    const tokens = prompt.slice(start, start + size);
    await turns.spend(tokens.length * multiplyAddsPerToken);
    const isLast = start + size >= prompt.length;
    yield { start, count: tokens.length, logits: await sequence.forward(tokens, allLogits ? tokens.length : Number(isLast)) };
  }
}
