import type { TokenizerJson } from './tokenizer-json.ts';

/** Characters of a part: a few milliseconds of work. */
const PART_LENGTH = 2 ** 14;

/** Cuts a text into parts which, encoded one by one, give the tokens of the whole. */
export type TextParts = (text: string) => Iterable<string>;

/**
 * How the texts of a tokenizer may be cut. Where GPT-2's pattern splits a text into words, a space between two words
 * begins a word, and nothing looks across it; there long texts are cut. Other tokenizers get their texts whole.
 */
export function textParts(tokenizer: TokenizerJson): TextParts {
  return splitsAtSpaces(tokenizer) ? cutBeforeWords : (text) => [text];
}

type Component = Record<string, unknown> & { type: string };

function splitsAtSpaces({ normalizer, pre_tokenizer, added_tokens }: TokenizerJson): boolean {
  const steps = (pre_tokenizer?.pretokenizers as Component[] | undefined) ?? (pre_tokenizer ? [pre_tokenizer as Component] : []);
  const isGpt2 = steps.some(({ type, use_regex }) => type === 'ByteLevel' && use_regex !== false);
  const onlyKnown = steps.every(({ type }) => type === 'ByteLevel' || type === 'Digits');
  // Such a token may lie across a space.
  const hasSpaces = added_tokens.some(({ content, rstrip }) => rstrip || /\s/.test(content));
  return isGpt2 && onlyKnown && !hasSpaces && (normalizer ?? null) === null;
}

function* cutBeforeWords(text: string): Generator<string> {
  const space = /(?<=\S) (?=\S)/gu;
  let start = 0;
  while (text.length - start > PART_LENGTH) {
    space.lastIndex = start + PART_LENGTH;
    const end = space.exec(text)?.index;
    if (end === undefined) break;
    yield text.slice(start, end);
    start = end;
  }
  yield text.slice(start);
}
