import { expect, it } from 'vitest';
import { keepAllowed } from '../../../src/generation/sampling/keep-allowed.ts';
import { SeededRandom } from '../seeded-random.ts';

it('should leave the allowed tokens as they are, and make all others impossible', () => {
  const random = new SeededRandom(1);
  for (const size of [1, 31, 32, 33, 100, 257]) {
    const before = random.logits(size);
    const ids = Array.from({ length: size }, (_, id) => id).filter((id) => (id >= 32 && id < 96) || random.next() < 0.3);
    const allowed = new Uint32Array(Math.ceil(size / 32));
    for (const id of ids) allowed[id >> 5] |= 1 << (id & 31);
    const after = before.slice();
    expect(keepAllowed(after, allowed)).toBe(ids.length);
    for (let id = 0; id < size; id++) expect(after[id]).toBe(ids.includes(id) ? before[id] : Number.NEGATIVE_INFINITY);
  }
});
