import { describe, expect, it } from 'vitest';
import { PromptLookup } from '../../../src/generation/speculation/prompt-lookup.ts';
import { SeededRandom } from '../seeded-random.ts';

/** What followed the last occurrence of the longest known end, found by looking at every place. */
function direct(tokens: readonly number[], most: number): number[] {
  for (const length of [3, 2])
    for (let place = tokens.length - 1; place >= length; place--) {
      const isSame = Array.from({ length }, (_, back) => tokens[place - 1 - back] === tokens[tokens.length - 1 - back]).every(Boolean);
      if (isSame) return Array.from({ length: most }, (_, index) => tokens[place + (index % (tokens.length - place))]);
    }
  return [];
}

describe('PromptLookup', () => {
  it('should draft what followed the last tokens where they occurred last, three of them if possible', () => {
    const lookup = new PromptLookup([1, 2, 3, 4, 5, 9, 2, 3, 6, 1, 2]);
    expect(lookup.draft(3)).toEqual([3, 4, 5]);
    lookup.push(3);
    expect(lookup.draft(3)).toEqual([4, 5, 9]);
    expect(new PromptLookup([1, 2, 3]).draft(8)).toEqual([]);
  });

  it('should go on with a text that repeats itself', () => {
    expect(new PromptLookup([7, 1, 2, 1, 2, 1, 2]).draft(5)).toEqual([1, 2, 1, 2, 1]);
  });

  it('should draft a prediction from its beginning, as long as the completion is like it, and look it up afterwards', () => {
    const lookup = new PromptLookup([1], [5, 6, 7, 8, 9]);
    expect(lookup.draft(3)).toEqual([5, 6, 7]);
    lookup.push(5);
    expect(lookup.draft(3)).toEqual([6, 7, 8]);
    lookup.push(1);
    expect(lookup.draft(3)).toEqual([]);
    lookup.push(7);
    lookup.push(8);
    expect(lookup.draft(1)).toEqual([9]);
  });

  it('should find what a search of the whole text finds', () => {
    const random = new SeededRandom(3);
    for (let round = 0; round < 200; round++) {
      const tokens = random.list(2 + random.integer(30), () => random.integer(4));
      const lookup = new PromptLookup(tokens.slice(0, 1));
      for (const token of tokens.slice(1)) lookup.push(token);
      expect(lookup.draft(5), tokens.join()).toEqual(direct(tokens, 5));
    }
  });
});
