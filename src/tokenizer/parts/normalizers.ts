import type { Pace, Steps } from '../pace.ts';
import { compilePattern, findMatches } from './pattern.ts';
import { slices } from './slices.ts';
import { spellBytes } from './spell-bytes.ts';
import { type NormalizerJson, unsupported } from './supported-parts.ts';
import { type UnicodeForm, unicodeForm } from './unicode-forms.ts';

/** Changes a text before it is split into words. */
export type Normalizer = (text: string, pace: Pace) => Steps<string>;
type Change = (text: string) => string;

type Builders = { [Type in NormalizerJson['type']]: (json: Extract<NormalizerJson, { type: Type }>) => Normalizer };

/** Characters as the tokenizers package classifies them, in Rust. */
const CONTROLS = /\ufffd|(?![\t\n\r])[\p{Cc}\p{Cf}\p{Co}]/gu;
const WHITE_SPACE = /\p{White_Space}/gu;
/** The ranges of `is_chinese_char` in the package's bert.rs. */
const CHINESE = /[\u4e00-\u9fff\u3400-\u4dbf\u{20000}-\u{2a6df}\u{2a700}-\u{2b73f}\u{2b920}-\u{2ceaf}\uf900-\ufaff\u{2f800}-\u{2fa1f}]/gu;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this removes.
const NMT_REMOVED = /[\u0001-\u0008\u000b\u000e-\u001f\u007f\u008f\u009f]/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: some control characters become spaces.
const NMT_SPACES = /[\u0009\u000a\u000c\u000d\u1680\u200b-\u200f\u2028\u2029\u2581\ufeff\ufffd]/g;

/** Texts in which a pattern that can match the empty text does so. */
const PROBES = ['a', 'a1 ', ' .\n'];

/** UTF-16 units of a normalized text. The largest request body has a megabyte. */
const MAX_NORMALIZED_LENGTH = 8 * 2 ** 20;
/** Characters that a change of a text goes through in the time that one takes to encode. */
const CHANGED_PER_ENCODED = 8;

/** In Rust each character is lowered by itself, so that no sigma is a final one. */
const lower = perCharacter((text) => text.replaceAll('Σ', 'σ').toLowerCase());
const stripAccents = inOrder([whole((text) => unicodeForm(text, 'NFD')), perCharacter((text) => text.replace(/\p{Mn}/gu, ''))]);
const inForm = (form: UnicodeForm) => (): Normalizer => whole((text) => unicodeForm(text, form));

const BUILDERS: Builders = {
  BertNormalizer: (json) => {
    const steps: (Normalizer | false)[] = [
      json.clean_text && perCharacter((text) => text.replace(CONTROLS, '').replace(WHITE_SPACE, ' ')),
      json.handle_chinese_chars && perCharacter((text) => text.replace(CHINESE, ' $& ')),
      (json.strip_accents ?? json.lowercase) && stripAccents,
      json.lowercase && lower,
    ];
    return inOrder(steps.filter((step) => step !== false));
  },
  ByteLevel: () => perCharacter(spellBytes),
  Lowercase: () => lower,
  NFC: inForm('NFC'),
  NFD: inForm('NFD'),
  NFKC: inForm('NFKC'),
  NFKD: inForm('NFKD'),
  Nmt: () => perCharacter((text) => text.replace(NMT_REMOVED, '').replace(NMT_SPACES, ' ')),
  Prepend: ({ prepend }) => whole((text) => (text === '' ? text : prepend + text)),
  Replace: ({ pattern, content }) => {
    const compiled = compilePattern(pattern);
    if (PROBES.some((text) => [...findMatches(text, compiled)].some(([start, end]) => start === end)))
      throw new Error('Replace: its pattern matches the empty text, which is not supported');
    return function* (text, pace) {
      const parts: string[] = [];
      let length = 0;
      for (const [start, end, matches] of findMatches(text, compiled)) {
        const part = matches ? content : text.slice(start, end);
        length += part.length;
        checkLength(length);
        parts.push(part);
        if (pace.isDue(1)) yield pace.take();
      }
      return parts.join('');
    };
  },
  Sequence: ({ normalizers }) => inOrder(normalizers.map(createNormalizer)),
  Strip: (json) => whole((text) => strip(text, json.strip_left, json.strip_right)),
  StripAccents: () => perCharacter((text) => text.replace(/\p{M}/gu, '')),
};

/** @throws Error for a pattern that is not supported */
export function createNormalizer(json: NormalizerJson): Normalizer {
  return (BUILDERS[json.type] as (json: NormalizerJson) => Normalizer)(json);
}

/** A change that takes only some milliseconds for the longest text. */
function whole(change: Change): Normalizer {
  return function* (text, pace) {
    if (pace.isDue(text.length / CHANGED_PER_ENCODED)) yield pace.take();
    return change(text);
  };
}

/** A change of each character by itself. */
function perCharacter(change: Change): Normalizer {
  return function* (text, pace) {
    let changed = '';
    for (const slice of slices(text)) {
      changed += change(slice);
      if (pace.isDue(slice.length / CHANGED_PER_ENCODED)) yield pace.take();
    }
    return changed;
  };
}

function inOrder(steps: readonly Normalizer[]): Normalizer {
  return function* (text, pace) {
    let changed = text;
    for (const step of steps) {
      changed = yield* step(changed, pace);
      checkLength(changed.length);
    }
    return changed;
  };
}

function checkLength(length: number): void {
  if (length > MAX_NORMALIZED_LENGTH) throw unsupported(`normalizer: it makes a text of more than ${MAX_NORMALIZED_LENGTH} characters`);
}

/** All white space is in the first plane, so that units may be looked at one by one. */
function strip(text: string, left: boolean, right: boolean): string {
  let [start, end] = [0, text.length];
  const isSpace = (place: number) => /\p{White_Space}/u.test(text[place]);
  while (left && start < end && isSpace(start)) start++;
  while (right && start < end && isSpace(end - 1)) end--;
  return text.slice(start, end);
}
