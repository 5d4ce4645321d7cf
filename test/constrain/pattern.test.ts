import { describe, expect, it } from 'vitest';
import type { ByteState } from '../../src/constrain/byte-state.ts';
import { FORMATS } from '../../src/constrain/formats.ts';
import { automaton } from '../../src/constrain/regular/automaton.ts';
import { type Expression, mapSets } from '../../src/constrain/regular/expression.ts';
import { found, matched, PatternError } from '../../src/constrain/regular/pattern.ts';
import { utf8 } from '../../src/constrain/regular/utf8.ts';
import { GptEdgeError } from '../../src/core/errors.ts';
import { SeededRandom } from '../generation/seeded-random.ts';

const accepts = (expression: Expression, text: string): boolean => reads(automaton(mapSets(expression, utf8)), text);

/** The automaton of a pattern, unless a repetition of repetitions makes it too large. */
function automatonOf(pattern: string): ByteState | undefined | 'too large' {
  try {
    return automaton(mapSets(matched(pattern), utf8));
  } catch (error) {
    if (error instanceof GptEdgeError && error.message.startsWith('An expression is too large')) return 'too large';
    throw error;
  }
}

function reads(first: ByteState | undefined, text: string): boolean {
  let state = first;
  for (const byte of new TextEncoder().encode(text)) state = state?.step(byte);
  return state?.accepts ?? false;
}

/** A random pattern of the part of the language that is supported, and what its texts are made of. */
function randomPattern(random: SeededRandom, depth = 0): string {
  const atoms = [
    'a',
    'b',
    'é',
    '😀',
    '.',
    '\\d',
    '\\w',
    '\\s',
    '\\S',
    '[ab]',
    '[^a]',
    '[a-c😀]',
    '\\.',
    '\\u00e9',
    '\\x61',
    '[\\d_]',
    '\\p{Lu}',
    '\\n',
  ];
  const atom = () => (depth < 3 && random.next() < 0.3 ? `(?:${randomPattern(random, depth + 1)})` : random.pick(atoms));
  const quantified = () => atom() + random.pick(['', '', '', '*', '+', '?', '{2}', '{1,3}', '{0,}', '*?']);
  const alternative = () => random.list(random.integer(4), quantified).join('');
  return random.list(1 + random.integer(2), alternative).join('|');
}

const ALPHABET = ['a', 'b', 'c', 'é', '😀', '1', ' ', '\n', '.', '_', 'Z', '"', '\\', '\u2028'];

describe('patterns', () => {
  it('should match as a whole what the host matches', () => {
    const random = new SeededRandom(1);
    let refused = 0;
    for (let round = 0; round < 300; round++) {
      const pattern = randomPattern(random);
      const host = new RegExp(`^(?:${pattern})$`, 'u');
      const first = automatonOf(pattern);
      if (first === 'too large') {
        refused++;
        continue;
      }
      for (let text = 0; text < 20; text++) {
        const sample = random.text(ALPHABET, random.integer(6));
        expect(reads(first, sample), `${pattern} on ${JSON.stringify(sample)}`).toBe(host.test(sample));
      }
    }
    expect(refused).toBeLessThan(15);
  });

  it('should know the properties of Unicode', () => {
    for (const pattern of ['\\p{Lu}', '\\P{L}+', '[\\p{Script=Greek}a]*'])
      for (const sample of ['A', 'a', 'É', 'αβγa', '1', '😀', ''])
        expect(accepts(matched(pattern), sample), `${pattern} on ${sample}`).toBe(new RegExp(`^(?:${pattern})$`, 'u').test(sample));
  });

  it('should be found where the host finds them', () => {
    const random = new SeededRandom(2);
    for (let round = 0; round < 300; round++) {
      const pattern = random.pick(['', '^']) + random.pick(['a', 'b+', '[ab]{2}', '(?:a|é)😀?']) + random.pick(['', '$', '|^c$']);
      const host = new RegExp(pattern, 'u');
      const sample = random.text(ALPHABET, random.integer(6));
      expect(accepts(found(pattern), sample), `${pattern} on ${JSON.stringify(sample)}`).toBe(host.test(sample));
    }
  });

  it.each([
    '(?=a)',
    '(?<!a)',
    '\\1',
    'a\\b',
    '(a',
    'a)',
    '[a',
    'a{2,1}',
    'a**',
    '*a',
    'a^b',
    '\\',
    '[b-a]',
    '\\p{Nothing}',
    '{',
    'a{99999}',
    '\\u12',
  ])('should be refused: %s', (pattern) => {
    expect(() => found(pattern)).toThrow(PatternError);
  });

  it.each(['(a|b)*a(a|b){14}', '[a-z]{5000}{3}', '((a{100}){100}){100}', `${'(?:'.repeat(60)}a${')'.repeat(60)}`, 'a'.repeat(3000)])(
    'should be refused soon, for its size: %.30s',
    (pattern) => {
      expect(() => automaton(mapSets(matched(pattern), utf8))).toThrow();
    },
  );
});

describe('formats', () => {
  it('should know the days of each month', () => {
    const date = automaton(mapSets(matched(FORMATS.date), utf8))!;
    for (const year of [1900, 1999, 2000, 2023, 2024, 2100])
      for (let month = 0; month <= 13; month++)
        for (let day = 0; day <= 32; day++) {
          const text = `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
          const time = new Date(`${text}T00:00:00Z`);
          const exists = !Number.isNaN(time.getTime()) && time.toISOString().startsWith(text);
          let state: typeof date | undefined = date;
          for (const byte of new TextEncoder().encode(text)) state = state?.step(byte);
          expect(state?.accepts ?? false, text).toBe(exists);
        }
  });
});
