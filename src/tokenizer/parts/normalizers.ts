import { byteAlphabet } from '../token-bytes.ts';
import { compilePattern, findMatches } from './pattern.ts';
import type { NormalizerJson } from './supported-parts.ts';

/** Changes a text before it is split into words. */
export type Normalizer = (text: string) => string;

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

/** In Rust each character is lowered by itself, so that no sigma is a final one. */
const lower: Normalizer = (text) => text.replace(/\p{Changes_When_Lowercased}/gu, (character) => character.toLowerCase());
const stripAccents: Normalizer = (text) => text.normalize('NFD').replace(/\p{Mn}/gu, '');

const BUILDERS: Builders = {
  BertNormalizer: (json) => {
    const steps: (Normalizer | false)[] = [
      json.clean_text && ((text) => text.replace(CONTROLS, '').replace(WHITE_SPACE, ' ')),
      json.handle_chinese_chars && ((text) => text.replace(CHINESE, ' $& ')),
      (json.strip_accents ?? json.lowercase) && stripAccents,
      json.lowercase && lower,
    ];
    return inOrder(steps.filter((step) => step !== false));
  },
  ByteLevel: () => {
    const utf8 = new TextEncoder();
    const characters = new Map([...byteAlphabet()].map(([code, byte]) => [byte, String.fromCodePoint(code)]));
    return (text) => Array.from(utf8.encode(text), (byte) => characters.get(byte)!).join('');
  },
  Lowercase: () => lower,
  NFC: () => (text) => text.normalize('NFC'),
  NFD: () => (text) => text.normalize('NFD'),
  NFKC: () => (text) => text.normalize('NFKC'),
  NFKD: () => (text) => text.normalize('NFKD'),
  Nmt: () => (text) => text.replace(NMT_REMOVED, '').replace(NMT_SPACES, ' '),
  Prepend:
    ({ prepend }) =>
    (text) =>
      text === '' ? text : prepend + text,
  Replace: ({ pattern, content }) => {
    const compiled = compilePattern(pattern);
    if (PROBES.some((text) => findMatches(text, compiled).some(([start, end]) => start === end)))
      throw new Error('Replace: its pattern matches the empty text, which is not supported');
    return (text) =>
      findMatches(text, compiled)
        .map(([start, end, matches]) => (matches ? content : text.slice(start, end)))
        .join('');
  },
  Sequence: ({ normalizers }) => inOrder(normalizers.map(createNormalizer)),
  Strip: (json) => (text) => strip(text, json.strip_left, json.strip_right),
  StripAccents: () => (text) => text.replace(/\p{M}/gu, ''),
};

/** @throws Error for a pattern that is not supported */
export function createNormalizer(json: NormalizerJson): Normalizer {
  return (BUILDERS[json.type] as (json: NormalizerJson) => Normalizer)(json);
}

const inOrder =
  (steps: readonly Normalizer[]): Normalizer =>
  (text) =>
    steps.reduce((changed, step) => step(changed), text);

/** All white space is in the first plane, so that units may be looked at one by one. */
function strip(text: string, left: boolean, right: boolean): string {
  let [start, end] = [0, text.length];
  const isSpace = (place: number) => /\p{White_Space}/u.test(text[place]);
  while (left && start < end && isSpace(start)) start++;
  while (right && start < end && isSpace(end - 1)) end--;
  return text.slice(start, end);
}
