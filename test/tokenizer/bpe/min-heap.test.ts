import { expect, it } from 'vitest';
import { MinHeap } from '../../../src/tokenizer/bpe/min-heap.ts';
import { SeededRandom } from '../../generation/seeded-random.ts';

it('should return the smallest number it holds, while others are added', () => {
  const random = new SeededRandom(44);
  const heap = new MinHeap(200);
  const expected: number[] = [];
  for (let round = 0; round < 5000; round++) {
    if (expected.length < 200 && (expected.length === 0 || random.next() < 0.55)) {
      const key = random.integer(50) * 2 ** 40 + random.integer(3);
      heap.push(key);
      expected.push(key);
    } else {
      expected.sort((a, b) => a - b);
      expect(heap.pop()).toBe(expected.shift());
    }
    expect(heap.size).toBe(expected.length);
  }
});
