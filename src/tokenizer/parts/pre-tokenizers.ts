import { byteAlphabet } from '../token-bytes.ts';
import { compilePattern, findMatches, type Match } from './pattern.ts';
import type { PreTokenizerJson, SplitBehavior } from './supported-parts.ts';

/**
 * A word of a text, and whether it begins where the text does. A word may be empty.
 */
export interface Word {
  readonly text: string;
  readonly isFirst: boolean;
}
/** Splits a word into words. */
export type PreTokenizer = (word: Word) => Word[];

type Builders = { [Type in PreTokenizerJson['type']]: (json: Extract<PreTokenizerJson, { type: Type }>) => PreTokenizer };

/** Characters as the tokenizers package classifies them, in Rust. */
const WHITE_SPACE = /\p{White_Space}/gu;
const NUMERIC = /\p{N}/gu;
const PUNCTUATION = /[\p{P}!-/:-@[-`{-~]/gu;
const WORDS = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]+|[^\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}\p{White_Space}]+/gu;
/** GPT-2's own pattern. */
const GPT2 =
  /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;

const BUILDERS: Builders = {
  BertPreTokenizer: () => inOrder([splitAt(WHITE_SPACE, 'Removed'), splitAt(PUNCTUATION, 'Isolated')]),
  ByteLevel: ({ add_prefix_space: addSpace, use_regex: usesRegex }) => {
    const steps = usesRegex ? [splitAt(GPT2, 'Isolated')] : [];
    const split = inOrder([...steps, mapText(spellBytes)]);
    return addSpace ? (word) => split(word.text.startsWith(' ') ? word : { ...word, text: ` ${word.text}` }) : split;
  },
  CharDelimiterSplit: ({ delimiter }) => splitAt(compilePattern({ String: delimiter }), 'Removed'),
  Digits: ({ individual_digits: isIndividual }) => splitAt(NUMERIC, isIndividual ? 'Isolated' : 'Contiguous'),
  FixedLength: ({ length }) => splitAt(new RegExp(`[^]{1,${length}}`, 'gu'), 'Isolated'),
  Metaspace: ({ replacement: mark, prepend_scheme: scheme, add_prefix_space: addSpace, split: splits }) => {
    const cut = splits ? splitAt(compilePattern({ String: mark }), 'MergedWithNext') : (word: Word) => [word];
    return ({ text, isFirst }) => {
      const spelled = text.replaceAll(' ', mark);
      const prepends = addSpace !== false && (scheme === 'always' || (scheme === 'first' && isFirst)) && !spelled.startsWith(mark);
      return cut({ text: prepends ? mark + spelled : spelled, isFirst });
    };
  },
  Punctuation: ({ behavior }) => splitAt(PUNCTUATION, behavior),
  Sequence: ({ pretokenizers }) => inOrder(pretokenizers.map(createPreTokenizer)),
  Split: ({ pattern, behavior, invert }) => splitAt(compilePattern(pattern), behavior, invert),
  Whitespace: () => splitAt(WORDS, 'Removed', true),
  WhitespaceSplit: () => splitAt(WHITE_SPACE, 'Removed'),
};

/** @throws Error for a pattern that is not supported */
export function createPreTokenizer(json: PreTokenizerJson): PreTokenizer {
  return (BUILDERS[json.type] as (json: PreTokenizerJson) => PreTokenizer)(json);
}

const inOrder =
  (steps: readonly PreTokenizer[]): PreTokenizer =>
  (word) =>
    steps.reduce((words, step) => words.flatMap(step).filter(({ text }) => text !== ''), [word]);

const mapText =
  (change: (text: string) => string): PreTokenizer =>
  ({ text, isFirst }) => [{ text: change(text), isFirst }];

function splitAt(pattern: RegExp, behavior: SplitBehavior, invert = false): PreTokenizer {
  const merge = BEHAVIORS[behavior];
  return ({ text, isFirst }) =>
    merge(findMatches(text, pattern, invert)).map(([start, end]) => ({ text: text.slice(start, end), isFirst: isFirst && start === 0 }));
}

/** What becomes of the parts that match, as `NormalizedString::split` of the tokenizers package has it. */
const BEHAVIORS: Readonly<Record<SplitBehavior, (parts: readonly Match[]) => readonly Match[]>> = {
  Isolated: (parts) => parts,
  Removed: (parts) => parts.filter(([, , matches]) => !matches),
  Contiguous: (parts) => join(parts, (part, before) => part[2] === before),
  MergedWithPrevious: (parts) => join(parts, (part, before) => part[2] && !before),
  MergedWithNext: (parts) => mirrored(join(mirrored(parts), (part, before) => part[2] && !before)),
};

/**
 * Joins each part to the one before if `joins` says so. It is told whether that one matches; before the first, none
 * does.
 */
function join(parts: readonly Match[], joins: (part: Match, isMatchBefore: boolean) => boolean): Match[] {
  const joined: Match[] = [];
  let before = false;
  for (const part of parts) {
    const last = joined.at(-1);
    if (last && joins(part, before)) joined[joined.length - 1] = [last[0], part[1], last[2]];
    else joined.push(part);
    before = part[2];
  }
  return joined;
}

/** The same parts from right to left, with the places counted from the right. */
const mirrored = (parts: readonly Match[]): Match[] => parts.map(([start, end, matches]): Match => [-end, -start, matches]).reverse();

const utf8 = new TextEncoder();
let spellings: string[] | undefined;

/** A text in GPT-2's byte alphabet. */
function spellBytes(text: string): string {
  spellings ??= [...byteAlphabet()].sort(([, a], [, b]) => a - b).map(([code]) => String.fromCodePoint(code));
  let spelled = '';
  for (const byte of utf8.encode(text)) spelled += spellings[byte];
  return spelled;
}
