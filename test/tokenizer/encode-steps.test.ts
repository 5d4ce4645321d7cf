import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../generation/seeded-random.ts';
import { tokenizer } from './default-tokenizer.ts';
import { TEXT_KINDS, TOKENIZER_KINDS } from './tokenizer-kinds.ts';

/** Takes all steps, and returns what they said they had done, and the result. */
function run<T>(steps: Generator<number, T>): { sizes: number[]; result: T } {
  const sizes: number[] = [];
  for (;;) {
    const { done, value } = steps.next();
    if (done) return { sizes, result: value };
    sizes.push(value);
  }
}

/** Takes the steps of several computations in turns. */
function interleave<T>(all: readonly Generator<number, T>[]): T[] {
  const results = new Map<Generator<number, T>, T>();
  while (results.size < all.length)
    for (const steps of all) {
      if (results.has(steps)) continue;
      const { done, value } = steps.next();
      if (done) results.set(steps, value);
    }
  return all.map((steps) => results.get(steps)!);
}

const repeat = (text: string, length: number) => text.repeat(Math.ceil(length / text.length)).slice(0, length);

describe('the steps of encoding', () => {
  it.each(TOKENIZER_KINDS)('should be many for a long text of any kind, and give what others get in between: %s', (_, open) => {
    const ours = open();
    const random = new SeededRandom(3);
    const texts = Object.values(TEXT_KINDS).map((text) => repeat(text, 2 ** 14));
    const mixed = random.list(8, () => random.text(Object.values(TEXT_KINDS), 2000));
    const whole = [...texts, ...mixed].map((text) => run(ours.encodeSteps(text)));
    expect(interleave([...texts, ...mixed].map((text) => ours.encodeSteps(text)))).toEqual(whole.map(({ result }) => result));
    for (const { sizes } of whole) for (const size of sizes) expect(size).toBeLessThan(2 ** 14);
    // What a model looks up as a whole, or a normalizer removes, is less work.
    expect(Math.max(...whole.map(({ sizes }) => sizes.length))).toBeGreaterThan(3);
  });

  it('should count a short text', () => {
    expect(run(tokenizer.encodeSteps('Once upon a time')).sizes.reduce((sum, size) => sum + size, 0)).toBeGreaterThan(10);
  });
});

describe('the time of encoding', () => {
  /** Milliseconds of CPU, the least of three. */
  function cost(encode: () => void): number {
    return Math.min(
      ...Array.from({ length: 3 }, () => {
        const before = process.cpuUsage();
        encode();
        const { user, system } = process.cpuUsage(before);
        return (user + system) / 1000;
      }),
    );
  }

  // A text of eight times the length would take 64 times as long, if the time grew with the square.
  it.each(TOKENIZER_KINDS)(
    'should grow with the length of a text of any kind, and not with its square: %s',
    { timeout: 120_000 },
    (_, open) => {
      const ours = open();
      for (const [kind, text] of Object.entries(TEXT_KINDS)) {
        const [short, long] = [2 ** 14, 2 ** 17].map((length) => repeat(text, length));
        ours.encode(short);
        const [first, second] = [cost(() => ours.encode(short)), cost(() => ours.encode(long))];
        expect(second, kind).toBeLessThan(24 * Math.max(first, 2));
      }
    },
  );
});

describe('the steps of decoding', () => {
  it('should give the text of the whole, also where a character is cut', () => {
    const text = '日本語 and 😀 '.repeat(3000);
    const ids = tokenizer.encode(text);
    const { sizes, result } = run(tokenizer.decodeSteps(ids));
    expect(sizes.length).toBeGreaterThan(5);
    expect(result).toBe(text);
  });
});
