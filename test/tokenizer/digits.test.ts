import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../generation/seeded-random.ts';
import { tokenizerJson, tokenizerWith, VOCABULARY_SIZE } from './default-tokenizer.ts';
import { randomText } from './random-text.ts';

const byteLevel = tokenizerJson.pre_tokenizer!;

/**
 * Added to the default vocabulary, which has no token of two digits or of a space and a digit. (The Arabic digit ٣ is
 * `Ù£`.)
 */
const MERGES = [
  ['1', '1'],
  ['Ġ', '1'],
  ['Ù', '£'],
  ['Ù£', 'Ù£'],
  ['Ġ', 'Ù£'],
];
const { vocab, merges } = tokenizerJson.model as unknown as { vocab: Record<string, number>; merges: string[][] };
const model = {
  ...tokenizerJson.model,
  vocab: { ...vocab, ...Object.fromEntries(MERGES.map((merge, index) => [merge.join(''), VOCABULARY_SIZE + index])) },
  merges: [...merges, ...MERGES],
};
const [ONE_ONE, SPACE_ONE, THREE, THREE_THREE, SPACE_THREE] = MERGES.map((_, index) => VOCABULARY_SIZE + index);

const withoutDigits = tokenizerWith({ model });
const withDigits = (individual_digits: boolean) =>
  tokenizerWith({ model, pre_tokenizer: { type: 'Sequence', pretokenizers: [{ type: 'Digits', individual_digits }, byteLevel] } });

describe('Digits', () => {
  it('should split digits of any script where the original does', () => {
    const [space] = withoutDigits.encode(' ');
    const [one] = withoutDigits.encode('1');
    for (const [text, plain, single, grouped] of [
      ['11', [ONE_ONE], [one, one], [ONE_ONE]],
      [' 1', [SPACE_ONE], [space, one], [space, one]],
      ['٣٣', [THREE_THREE], [THREE, THREE], [THREE_THREE]],
      [' ٣', [SPACE_THREE], [space, THREE], [space, THREE]],
      ['11٣٣', [ONE_ONE, THREE_THREE], [one, one, THREE, THREE], [ONE_ONE, THREE_THREE]],
    ] as const) {
      expect(withoutDigits.encode(text), text).toEqual(plain);
      expect(withDigits(true).encode(text), text).toEqual(single);
      expect(withDigits(false).encode(text), text).toEqual(grouped);
    }
  });

  it.each([
    { individual: true, pattern: /(\p{N})/u },
    { individual: false, pattern: /(\p{N}+)/u },
  ])('should isolate digits in random text (one by one: $individual)', ({ individual, pattern }) => {
    const random = new SeededRandom(10);
    const tokenizer = withDigits(individual);
    const texts = ['1234', 'a  1', 'x=10\n\n20  30', '½ Ⅷ ٣٤ ²', '𝟘𝟙', ...random.list(100, () => randomText(random, 20))];
    for (const text of texts) {
      // The digits and the texts between them, each encoded on its own.
      const expected = text.split(pattern).flatMap((part) => withoutDigits.encode(part));
      expect(tokenizer.encode(text), JSON.stringify(text)).toEqual(expected);
    }
  });
});
