import { compilePattern, findMatches, type Match } from './pattern.ts';
import { slices } from './slices.ts';
import { spellBytes } from './spell-bytes.ts';
import type { PreTokenizerJson, SplitBehavior } from './supported-parts.ts';

/** A word of a text. It may be empty. */
export interface Word {
  readonly text: string;
  /** Whether it begins where the text does. */
  readonly isFirst: boolean;
  /** What has been done since the word before, besides finding this one: as many characters take so long to encode. */
  readonly work?: number;
}
/** Splits a word into words, as far as the caller goes on. Empty words only give the caller a turn. */
export type PreTokenizer = (word: Word) => Iterable<Word>;

/** Characters that are changed in the time that one takes to encode. */
const CHANGED_PER_ENCODED = 8;

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
    const prepend = ({ text, isFirst }: Word) => {
      const prepends = addSpace !== false && (scheme === 'always' || (scheme === 'first' && isFirst)) && !text.startsWith(mark);
      return [{ text: prepends ? mark + text : text, isFirst }];
    };
    return inOrder([mapText((text) => text.replaceAll(' ', mark)), prepend, cut]);
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
    steps.reduce<Iterable<Word>>(splitEach, [word]);

function* splitEach(words: Iterable<Word>, split: PreTokenizer): Generator<Word> {
  for (const word of words)
    if (word.text === '') yield word;
    else yield* split(word);
}

/** Changes each character by itself. */
function mapText(change: (text: string) => string): PreTokenizer {
  return function* ({ text, isFirst }) {
    let changed = '';
    for (const slice of slices(text)) {
      changed += change(slice);
      if (changed.length > slice.length) yield { text: '', isFirst: false, work: slice.length / CHANGED_PER_ENCODED };
    }
    yield { text: changed, isFirst };
  };
}

function splitAt(pattern: RegExp, behavior: SplitBehavior, invert = false): PreTokenizer {
  const merge = BEHAVIORS[behavior];
  return function* ({ text, isFirst }) {
    for (const [start, end] of merge(findMatches(text, pattern, invert)))
      yield { text: text.slice(start, end), isFirst: isFirst && start === 0 };
  };
}

/**
 * What becomes of the parts that match, as `NormalizedString::split` of the tokenizers package has it. Where a part is
 * removed or joined to another, an empty one is in its place.
 */
const BEHAVIORS: Readonly<Record<SplitBehavior, (parts: Iterable<Match>) => Iterable<Match>>> = {
  Isolated: (parts) => parts,
  Removed: remove,
  Contiguous: (parts) => join(parts, (part, before) => part[2] === before[2]),
  MergedWithPrevious: (parts) => join(parts, (part, before) => part[2] && !before[2]),
  MergedWithNext: (parts) => join(parts, (part, before) => !part[2] && before[2]),
};

function* remove(parts: Iterable<Match>): Generator<Match> {
  for (const part of parts) yield part[2] ? emptyAfter(part) : part;
}

/** Joins each part to the one before if `joins` says so; but for Contiguous, those are never more than two. */
function* join(parts: Iterable<Match>, joins: (part: Match, before: Match) => boolean): Generator<Match> {
  let joined: Match | undefined;
  let before: Match | undefined;
  for (const part of parts) {
    if (joined && before && joins(part, before)) {
      joined = [joined[0], part[1], joined[2]];
      yield emptyAfter(part);
    } else {
      if (joined) yield joined;
      joined = part;
    }
    before = part;
  }
  if (joined) yield joined;
}

const emptyAfter = ([, end, matches]: Match): Match => [end, end, matches];
