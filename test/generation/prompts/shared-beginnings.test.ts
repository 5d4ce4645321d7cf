import { describe, expect, it } from 'vitest';
import { commonLength, sharedBeginnings } from '../../../src/generation/prompts/shared-beginnings.ts';
import { SeededRandom } from '../seeded-random.ts';

const question = Array.from({ length: 30 }, (_, index) => index);

describe('sharedBeginnings', () => {
  it('should let all answers to a question wait for one of them, wherever they stand in the list', () => {
    const prompts = [
      [...question, 5],
      [9, 9],
      [...question, 3],
      [...question, 4, 4],
    ];
    expect(sharedBeginnings(prompts)).toEqual([{ index: 2, tokens: 30 }, undefined, undefined, { index: 2, tokens: 30 }]);
  });

  it('should leave the last token of a prompt to compute, since its logits are wanted', () => {
    const [first, second] = sharedBeginnings([question, question]);
    expect([first, second].filter((found) => found)).toEqual([{ index: expect.any(Number), tokens: 29 }]);
  });

  it('should not wait for a few tokens', () => {
    const short = question.slice(0, 8);
    expect(
      sharedBeginnings([
        [...short, 1],
        [...short, 2],
      ]),
    ).toEqual([undefined, undefined]);
  });

  it('should find the longest beginning that any other prompt has, and never go in circles', () => {
    for (let seed = 0; seed < 200; seed++) {
      const random = new SeededRandom(seed);
      const prompts: number[][] = [question];
      while (prompts.length < 2 + random.integer(12))
        prompts.push([
          ...random.pick(prompts).slice(0, 10 + random.integer(40)),
          ...random.list(random.integer(20), () => random.integer(3)),
        ]);
      const found = sharedBeginnings(prompts);
      for (const [index, shared] of found.entries()) {
        if (shared === undefined) continue;
        expect(commonLength(prompts[index], prompts[shared.index])).toBeGreaterThanOrEqual(shared.tokens);
        const seen = new Set([index]);
        for (let next = found[shared.index], at = shared.index; ; [next, at] = [found[next.index], next.index]) {
          expect(seen.has(at)).toBe(false);
          seen.add(at);
          if (next === undefined) break;
        }
      }
      const firsts = found.filter((shared) => shared === undefined).length;
      const beginnings = new Set(prompts.map((prompt) => prompt.slice(0, 16).join())).size;
      const short = prompts.filter((prompt) => prompt.length < 17).length;
      expect(firsts).toBeLessThanOrEqual(beginnings + short);
    }
  });
});
