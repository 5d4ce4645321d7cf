import { describe, expect, it } from 'vitest';
import { placeBuffers } from '../../../src/runtime/edge/plan/place-buffers.ts';
import type { PlannedBuffer, Step } from '../../../src/runtime/edge/plan/step.ts';
import { SeededRandom } from '../../generation/seeded-random.ts';

const buffer = (stride: number): PlannedBuffer => ({ name: '', stride, width: stride / 4, bytes: (rows) => rows * stride });
const step = (reads: number[], writes: number[]): Step => ({ node: '', kernel: 'add', operands: [], reads, writes, multiplyAdds: 0 });

describe('placeBuffers', () => {
  it('should give the place of a buffer that is no longer needed to another', () => {
    const chain = [step([], [0]), step([0], [1]), step([1], [2]), step([2], [3])];
    const { offsets, bytes } = placeBuffers({ body: chain, head: [] }, [64, 64, 64, 64].map(buffer), { body: 2, head: 1 });
    expect(bytes).toBe(256);
    expect(offsets[0]).toBe(offsets[2]);
    expect(offsets[1]).toBe(offsets[3]);
  });

  it('should keep what the head reads until the head has run for the last time', () => {
    const body = [step([], [0]), step([0], [1])];
    const head = [step([0], [2]), step([2], [3])];
    const { offsets } = placeBuffers({ body, head }, [64, 64, 64, 64].map(buffer), { body: 1, head: 1 });
    expect(offsets.filter((offset) => offset === offsets[0])).toHaveLength(1);
  });

  it('should never let two buffers overlap that are needed at the same time', () => {
    for (let seed = 0; seed < 200; seed++) {
      const random = new SeededRandom(seed);
      const count = 2 + random.integer(20);
      const steps = Array.from({ length: count }, (_, index) =>
        step(
          random.list(index === 0 ? 0 : 1 + random.integer(3), () => random.integer(index)),
          [index],
        ),
      );
      const cut = random.integer(count);
      const buffers = random.list(count, () => buffer(64 * (1 + random.integer(5))));
      const { offsets, bytes } = placeBuffers({ body: steps.slice(0, cut), head: steps.slice(cut) }, buffers, { body: 3, head: 2 });
      const rows = (index: number) => (index < cut ? 3 : 2);
      const lastUse = (index: number) => {
        const uses = steps.flatMap(({ reads }, time) => (reads.includes(index) ? [time] : []));
        const used = Math.max(index, ...uses);
        return (index < cut && used >= cut) || index === count - 1 ? count : used;
      };
      for (let a = 0; a < count; a++) {
        expect(offsets[a] + buffers[a].bytes(rows(a))).toBeLessThanOrEqual(bytes);
        for (let b = a + 1; b < count; b++) {
          const liveTogether = b <= lastUse(a);
          const overlap = offsets[a] < offsets[b] + buffers[b].bytes(rows(b)) && offsets[b] < offsets[a] + buffers[a].bytes(rows(a));
          expect(liveTogether && overlap).toBe(false);
        }
      }
    }
  });
});
