import { describe, expect, it } from 'vitest';
import { tokenizer } from './default-tokenizer.ts';

/** Ends a generator, and returns what it yielded and what it returned. */
function run<T>(parts: Generator<number, T>): { sizes: number[]; result: T } {
  const sizes: number[] = [];
  for (;;) {
    const { done, value } = parts.next();
    if (done) return { sizes, result: value };
    sizes.push(value);
  }
}

const WORDS = ["it's", 'a', '12', '3.5', '—', "'s", 'été', '日本', '😀', '\n', ' ', '(x)', '\ud800', 'Lily'];

describe('parts of a text', () => {
  it('should give the tokens of the whole, wherever the text is cut', () => {
    let state = 7;
    const next = () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state >>> 8;
    };
    const text = Array.from({ length: 60_000 }, () => WORDS[next() % WORDS.length]).join(' ');
    const { sizes, result } = run(tokenizer.encodeParts(text));
    expect(sizes.length).toBeGreaterThan(8);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(text.length);
    expect(result).toEqual(tokenizer.encode(text));
  });

  it('should leave a text whole that has no spaces between words', () => {
    expect(run(tokenizer.encodeParts('a'.repeat(50_000))).sizes).toEqual([50_000]);
  });

  it('should give the text of the whole, also where a character is cut', () => {
    const text = '日本語 and 😀 '.repeat(3000);
    const ids = tokenizer.encode(text);
    const { sizes, result } = run(tokenizer.decodeParts(ids));
    expect(sizes.length).toBeGreaterThan(5);
    expect(result).toBe(text);
  });
});
