import { GptEdgeError } from '../../core/errors.ts';
import type { LanguageModel } from '../../generation/language-model.ts';
import { encodeInTurns } from '../../generation/tokenize-in-turns.ts';
import type { WorkBudget } from '../../generation/work-budget.ts';
import { fillInTheMiddle } from '../../tokenizer/fill-in-the-middle.ts';
import { checkTextLength } from './to-prompt-tokens.ts';

/** The gap before a suffix, in the form in which the model was trained to fill it. */
export interface Gap {
  /** The prompt that asks for what stands between a text and the suffix. */
  after(text: readonly number[]): number[];
  /** Ids of tokens with which the model says that the gap is filled. */
  readonly ends: readonly number[];
}

/** What a tokenizer that puts a space before each text encodes first, so that the space stands before this. */
const ANCHOR = '\n';

/**
 * @param suffix the text after the gap, not empty
 * @throws GptEdgeError `unsupported_parameter` if the model has no tokens for this, `context_length_exceeded` for a text
 *   that is far too long
 */
export async function toGap(suffix: string, model: LanguageModel, budget: WorkBudget): Promise<Gap> {
  const { tokenizer } = model;
  const tokens = fillInTheMiddle(tokenizer);
  if (tokens === undefined)
    throw new GptEdgeError(
      'unsupported_parameter',
      `The model ${model.id} has no fill-in-the-middle tokens: it continues a text, and cannot take a suffix.`,
      { param: 'suffix' },
    );
  checkTextLength(suffix.length, model, 'suffix');
  const options = { addSpecialTokens: false };
  const anchor = tokens.putsSpace ? tokenizer.encode(ANCHOR, options) : [];
  const after = (await encodeInTurns((tokens.putsSpace ? ANCHOR : '') + suffix, tokenizer, budget, options)).slice(anchor.length);
  // What the tokenizer puts before every text, such as a BOS, stays first.
  const first = tokenizer.encode('');
  const startOf = (text: readonly number[]) => (first.every((id, index) => text[index] === id) ? first.length : 0);
  return {
    after: (text) => {
      const start = startOf(text);
      return [...text.slice(0, start), tokens.prefix, ...text.slice(start), tokens.suffix, ...after, tokens.middle];
    },
    ends: tokens.ends,
  };
}
