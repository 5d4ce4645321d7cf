import { expect, it } from 'vitest';
import { type UnicodeForm, unicodeForm } from '../../src/tokenizer/parts/unicode-forms.ts';
import { SeededRandom } from '../generation/seeded-random.ts';

const FORMS: UnicodeForm[] = ['NFC', 'NFD', 'NFKC', 'NFKD'];
const codes = Array.from({ length: 0x110000 }, (_, code) => code).filter((code) => code < 0xd800 || code > 0xdfff);
const marks = codes.map((code) => String.fromCodePoint(code)).filter((character) => /\p{M}/u.test(character));

it.each(FORMS)('should give the form %s of long runs of marks', (form) => {
  const random = new SeededRandom(9);
  for (let round = 0; round < 200; round++) {
    const some = random.list(1 + random.integer(20), () => random.pick(marks));
    const text = random.list(3, () => random.pick(['e', 'é', '', '한', 'ｶ']) + random.text(some, random.integer(300))).join('');
    expect(unicodeForm(text, form)).toBe(text.normalize(form));
  }
});

it('should give the form of all marks there are, in any order', () => {
  const random = new SeededRandom(10);
  const text = `e${random.text(marks, 3000)}`;
  for (const form of FORMS) expect(unicodeForm(text, form)).toBe(text.normalize(form));
});
