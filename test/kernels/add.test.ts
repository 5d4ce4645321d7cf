import { describe, it } from 'vitest';
import { SeededRandom } from '../generation/seeded-random.ts';
import { expectSameMemory } from './compare.ts';

describe('add', () => {
  it.each([1, 4, 7, 64, 67])('should add rows of %i floats, and repeat one of stride 0', (width) => {
    const stride = Math.ceil(width / 4) * 16;
    expectSameMemory(
      1,
      ({ f32 }) => {
        const random = new SeededRandom(width);
        for (let i = 1024; i < 4096; i++) f32[i] = random.next() * 2 - 1;
      },
      (kernels) => kernels.add(4096, stride, 8192, 0, 12288, stride, 3, width),
    );
  });
});
