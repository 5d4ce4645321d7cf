import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SeededRandom } from '../generation/seeded-random.ts';
import { randomText } from './random-text.ts';

const REPOSITORY = join(import.meta.dirname, '../..');
/** English prose, Markdown, JSON and source text. */
const CORPUS = [
  'LICENSE',
  'README.md',
  'CONTRIBUTING.md',
  'package.json',
  'src/tokenizer/text-tokenizer.ts',
  'test/tokenizer/random-text.ts',
];

/** A code point of any plane; it may be unassigned or an unpaired surrogate. */
const randomCharacter = (random: SeededRandom): string =>
  String.fromCodePoint(random.integer(random.pick([0x80, 0x180, 0x3000, 0xe000, 0x10000, 0x110000])));

const EDGES = ['', ' ', '\ud800', 'a\udc00b', '\ud83d', '\ude00\ud83d', '\ud800\ufffd', '\u0000', '<0x41>', '<unk>', '\u2581', '\ufeff'];

/**
 * Texts to test an encoder on: edge cases, random characters, random pieces of many scripts, a corpus, very long words.
 */
export function sampleTexts(random: SeededRandom, count: number): string[] {
  const characters = random.list(count, () => random.list(random.integer(40), () => randomCharacter(random)).join(''));
  const pieces = random.list(count, () => randomText(random, 30));
  const corpus = CORPUS.map((name) => readFileSync(join(REPOSITORY, name), 'utf8'));
  const long = ['a'.repeat(3000), random.text([...'abcdefghij'], 3000), random.text([...'theinaréЖ日😀'], 1000), ' '.repeat(500)];
  return [...EDGES, ...characters, ...pieces, ...corpus, ...long];
}
