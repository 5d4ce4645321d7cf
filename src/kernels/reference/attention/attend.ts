import { type KvCacheKind, kvHeadBytes, PAGE_POSITIONS } from '../../attention-layouts.ts';
import { LOG2E, SMALLEST_SCALE } from '../../coefficients.ts';
import type { Kernels } from '../../kernels.ts';
import type { MemoryViews } from '../../memory-views.ts';
import { exp2 } from '../activations.ts';
import { add, f, multiply, quantize, rounded, sumOfLanes } from '../arithmetic.ts';
import { placesF32, placesQ8 } from './places.ts';

/**
 * What one query of one head attends to: positions `first` to `last` of its key-value head, `offset` bytes after each
 * page's address.
 */
interface Sight {
  pageTable: number;
  offset: number;
  first: number;
  last: number;
}

/**
 * Attention of one head to what it sees. `query`: float32 [headDimension]; `factor`: the scale of scores times log2 e.
 */
type AttendOne = (query: Float32Array, factor: number, sight: Sight) => number[];

const pageOf = (position: number) => Math.floor(position / PAGE_POSITIONS);

/**
 * Softmax and weighted sum, page by page. The bound is the greatest score so far, rounded up to an integer. Where a
 * page raises it, all sums so far are scaled by the power of 2 by which the earlier exponentials would have been
 * smaller with the new bound.
 * @param addValues adds the values of a page's visible positions to the sums, weighted by their exponentials
 */
function attendByPages(
  { first, last }: Sight,
  width: number,
  score: (position: number) => number,
  addValues: (sums: Float32Array, positions: number[], e: number[]) => void,
): number[] {
  const sums = new Float32Array(width);
  const totals = new Float32Array(4);
  let bound = -Infinity;
  for (let page = pageOf(first); page <= pageOf(last); page++) {
    const start = page * PAGE_POSITIONS;
    const from = Math.max(start, first);
    const to = Math.min(start + PAGE_POSITIONS - 1, last);
    const positions = Array.from({ length: to - from + 1 }, (_, i) => from + i);
    const scores = positions.map(score);
    const raised = Math.max(bound, Math.ceil(Math.max(...scores)));
    if (raised > bound) for (const numbers of [sums, totals]) numbers.set(numbers.map((x) => multiply(x, exp2(bound, raised))));
    bound = raised;
    const e = scores.map((x) => exp2(x, bound));
    addTotals(totals, e, from - start);
    addValues(sums, positions, e);
  }
  const total = sumOfLanes(totals);
  return Array.from(sums, (sum) => f(sum / total));
}

/**
 * Adds a page's exponentials, of which the first belongs to position `at` of the page: 8 positions at a time, position
 * i to lane i mod 4.
 */
function addTotals(totals: Float32Array, exponentials: number[], at: number): void {
  const e = new Float32Array(PAGE_POSITIONS);
  e.set(exponentials, at);
  for (let eight = 0; eight < PAGE_POSITIONS; eight += 8)
    for (let i = eight; i < eight + 4; i++) totals[i & 3] = add(totals[i & 3], add(e[i], e[i + 4]));
}

/**
 * Everything in float32. Sums over dimensions go in order; values are summed in order within a page, then page by page.
 */
function attendOneF32(views: MemoryViews): AttendOne {
  const { f32 } = views;
  return (query, factor, sight) => {
    const places = placesF32(views, sight.pageTable, sight.offset, query.length);
    const q = query.map((x) => multiply(x, factor));
    const score = (position: number) => q.reduce((sum, x, d) => add(sum, multiply(f32[places.key(position, d)], x)), 0);
    return attendByPages(sight, query.length, score, (sums, positions, e) => {
      for (let d = 0; d < sums.length; d++)
        sums[d] = add(
          sums[d],
          positions.reduce((sum, p, i) => add(sum, multiply(f32[places.value(p, d)], e[i])), 0),
        );
    });
  };
}

const word = new Float32Array(1);
const bits = new Uint32Array(word.buffer);

/** The greatest power of 2 that is at most x, for x > 0. */
function powerBelow(x: number): number {
  word[0] = x;
  bits[0] &= 0x7f800000;
  return word[0];
}

/**
 * Keys and values have 8 bits, queries 16. For each page, the exponentials times the values' scales are quantized to 15
 * bits. Sums of products are exact.
 */
function attendOneQ8(views: MemoryViews): AttendOne {
  const { f32, i8 } = views;
  return (query, factor, sight) => {
    const places = placesQ8(views, sight.pageTable, sight.offset, query.length);
    const { codes, step } = quantize(query, 16);
    const queryFactor = multiply(step, factor);
    const score = (position: number) => {
      const sum = codes.reduce((sum, x, d) => sum + i8[places.key(position, d)] * x, 0);
      return multiply(multiply(f(sum), f32[places.keyScale(position)]), queryFactor);
    };
    return attendByPages(sight, query.length, score, (sums, positions, e) => {
      const weights = positions.map((p, i) => multiply(e[i], f32[places.valueScale(p)]));
      const unit = powerBelow(Math.max(SMALLEST_SCALE, ...weights)) / 2 ** 14;
      const weightCodes = weights.map((weight) => Math.min(rounded(f(weight / unit)), 32767));
      for (let d = 0; d < sums.length; d++) {
        const sum = positions.reduce((sum, p, i) => sum + i8[places.value(p, d)] * weightCodes[i], 0);
        sums[d] = add(sums[d], multiply(f(sum), unit));
      }
    });
  };
}

/**
 * Computes every row and head on its own. {@link Kernels.attendF32} and {@link Kernels.attendQ8} take the same
 * arguments.
 */
function attendAll({ f32 }: MemoryViews, kind: KvCacheKind, attendOne: AttendOne): Kernels['attendF32'] {
  return (query, queryStride, y, yStride, pageTable, offset, position, rows, heads, keyValueHeads, headDimension, scale, window) => {
    const factor = multiply(f(scale), f(LOG2E));
    for (let row = 0; row < rows; row++)
      for (let head = 0; head < heads; head++) {
        const last = position + row;
        const first = window > 0 ? Math.max(0, last - window + 1) : 0;
        const keys = offset + Math.floor(head / (heads / keyValueHeads)) * kvHeadBytes(kind, headDimension);
        const from = ((query + row * queryStride) >> 2) + head * headDimension;
        const result = attendOne(f32.slice(from, from + headDimension), factor, { pageTable, offset: keys, first, last });
        f32.set(result, ((y + row * yStride) >> 2) + head * headDimension);
      }
  };
}

/** The reference of {@link Kernels.attendF32}. */
export const attendF32 = (views: MemoryViews): Kernels['attendF32'] => attendAll(views, 'F32', attendOneF32(views));

/** The reference of {@link Kernels.attendQ8}. */
export const attendQ8 = (views: MemoryViews): Kernels['attendQ8'] => attendAll(views, 'Q8', attendOneQ8(views));
