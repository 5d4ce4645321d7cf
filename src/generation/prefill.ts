import type { Sequence } from '../core/decoder.ts';
import type { Logits } from '../core/logits.ts';
import type { LanguageModel } from './language-model.ts';
import { TokenWork } from './token-work.ts';
import type { WorkBudget } from './work-budget.ts';

/**
 * Feeds a prompt to a sequence: a short one in one call, a long one in slices of one turn each.
 * @param read gets the logits after the prompt's last token, or with `allLogits` those after each of its tokens, and
 *   the token's index in the prompt. The logits are valid until it returns (see `Sequence.forwardEach`)
 * @param options.perRow multiply-adds that take as long as one call of `read`
 * @throws GptEdgeError `context_length_exceeded`; the signal's reason once the budget's signal is aborted
 */
export async function prefill(
  model: Pick<LanguageModel, 'manifest' | 'decoder'>,
  sequence: Sequence,
  prompt: readonly number[],
  budget: WorkBudget,
  read: (logits: Logits, index: number) => void,
  { allLogits = false, perRow = 0 }: { allLogits?: boolean; perRow?: number } = {},
): Promise<void> {
  const work = new TokenWork(model);
  let end = 0;
  for (let start = 0; start < prompt.length; start = end) {
    const slice = prompt.slice(start, start + work.tokensPerTurn(start, allLogits ? perRow : 0));
    end = start + slice.length;
    const rows = allLogits ? slice.length : Number(end === prompt.length);
    const first = end - rows;
    await budget.spend(work.feed(start, slice.length) + rows * perRow);
    await sequence.forwardEach(slice, rows, (logits, row) => read(logits, first + row));
  }
}
