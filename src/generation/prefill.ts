import type { Sequence } from '../core/decoder.ts';
import type { Logits } from '../core/logits.ts';
import type { LanguageModel } from './language-model.ts';
import type { WorkBudget } from './work-budget.ts';

/**
 * Feeds a prompt to a sequence: a short one in one call, a long one in slices of one work budget each.
 * @param read gets the logits after the prompt's last token, or with `allLogits` those after each of its tokens, and
 *   the token's index in the prompt. The logits are valid until it returns (see `Sequence.forwardEach`)
 * @throws GptEdgeError `context_length_exceeded`; the signal's reason once the budget's signal is aborted
 */
export async function prefill(
  { manifest, decoder }: Pick<LanguageModel, 'manifest' | 'decoder'>,
  sequence: Sequence,
  prompt: readonly number[],
  budget: WorkBudget,
  read: (logits: Logits, index: number) => void,
  { allLogits = false }: { allLogits?: boolean } = {},
): Promise<void> {
  const sliceLength = Math.max(1, Math.floor(decoder.multiplyAddsPerTurn / manifest.multiplyAddsPerToken));
  for (let start = 0; start < prompt.length; start += sliceLength) {
    const slice = prompt.slice(start, start + sliceLength);
    const end = start + slice.length;
    const rows = allLogits ? slice.length : Number(end === prompt.length);
    await budget.spend(slice.length * manifest.multiplyAddsPerToken);
    await sequence.forwardEach(slice, rows, (logits, row) => read(logits, end - rows + row));
  }
}
