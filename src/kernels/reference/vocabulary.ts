import { LOG2E } from '../coefficients.ts';
import type { MemoryViews } from '../memory-views.ts';
import { VOCABULARY_BLOCK, type VocabularyKernels } from '../vocabulary-kernels.ts';
import { exp2 } from './activations.ts';
import { f, multiply } from './arithmetic.ts';

/** The reference of VocabularyKernels. */
export function referenceVocabulary({ f32, i32 }: MemoryViews): VocabularyKernels {
  const row = (address: number, width: number) => f32.subarray(address >> 2, (address >> 2) + width);
  return {
    argmax: (logits, width) => argmax(row(logits, width)),
    exponentials(logits, weights, width, greatest, scale) {
      const factor = multiply(f(scale), f(LOG2E));
      const e = row(logits, width).map((value) => exp2(multiply(f(value - greatest), factor), 0));
      row(weights, width).set(e);
      return sumOf(e);
    },
    keepTo(logits, weights, width, bound, last) {
      const x = row(logits, width);
      const isBefore = (id: number) => x[id] > bound || (x[id] === bound && id <= last);
      const kept = row(weights, width);
      kept.set(kept.map((weight, id) => (isBefore(id) ? weight : 0)));
      return sumOf(kept);
    },
    countFrom: (logits, width, bound) => row(logits, width).filter((value) => value >= bound).length,
    sumFrom(logits, weights, width, bound) {
      const x = row(logits, width);
      return sumOf(row(weights, width).map((weight, id) => (x[id] >= bound ? weight : 0)));
    },
    gatherBetween(logits, width, low, high, ids) {
      const x = row(logits, width);
      const found = Int32Array.from(x.keys()).filter((id) => x[id] >= low && x[id] < high);
      i32.set(found, ids >> 2);
      return found.length;
    },
    pick: (weights, width, remaining) => pick(row(weights, width), remaining),
  };
}

const argmax = (x: Float32Array): number => x.indexOf(x.reduce((a, b) => Math.max(a, b)));

/** Adds element i to lane i mod 8 in float64; then lanes l and l + 4, l and l + 2, l and l + 1. */
function sumOf(values: Float32Array): number {
  const lane = new Float64Array(8);
  for (const [i, value] of values.entries()) lane[i & 7] += value;
  const [a, b, c, d] = [0, 1, 2, 3].map((l) => lane[l] + lane[l + 4]);
  return a + c + (b + d);
}

function pick(weights: Float32Array, remaining: number): number {
  for (let block = 0; block < weights.length; block += VOCABULARY_BLOCK) {
    const values = weights.subarray(block, block + VOCABULARY_BLOCK);
    const sum = sumOf(values);
    if (remaining >= sum) {
      remaining -= sum;
      continue;
    }
    for (const [i, value] of values.entries()) {
      remaining -= value;
      if (remaining < 0) return block + i;
    }
  }
  return -1;
}
