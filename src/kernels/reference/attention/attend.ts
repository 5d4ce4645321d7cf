import { type KvCacheKind, kvBlockBytes, PAGE_POSITIONS } from '../../attention-layouts.ts';
import { LOG2E } from '../../coefficients.ts';
import type { Kernels } from '../../kernels.ts';
import type { MemoryViews } from '../../memory-views.ts';
import { exp2 } from '../exp2.ts';
import { add, f, multiply, rounded, sumOfLanes } from '../float32.ts';
import { quantize } from './append.ts';
import { placesF32, placesQ8 } from './blocks.ts';

/** What one query of one head sees of its key-value head: positions first to last, in blocks `offset` behind the pages' addresses. */
interface Sight {
  pages: number;
  offset: number;
  first: number;
  last: number;
}

/** Attention of one head: `query` times `factor` (which has log2 e in it), float32 [headDimension]. */
type AttendOne = (query: Float32Array, factor: number, sight: Sight) => number[];

const pageOf = (position: number) => Math.floor(position / PAGE_POSITIONS);

/**
 * Softmax and weighed sum, page by page. The bound is the greatest score so far, rounded up to an integer; where it grows, all sums so
 * far are scaled by the power of 2 that the exponentials before would have been smaller by.
 * @param addValues adds to the sums of a page's visible positions, given their exponentials
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

/** Adds a page's exponentials, which begin at the `at`th of its positions: position i to lane i mod 4, 8 positions at a time. */
function addTotals(totals: Float32Array, exponentials: number[], at: number): void {
  const e = new Float32Array(PAGE_POSITIONS);
  e.set(exponentials, at);
  for (let eight = 0; eight < PAGE_POSITIONS; eight += 8)
    for (let i = eight; i < eight + 4; i++) totals[i & 3] = add(totals[i & 3], add(e[i], e[i + 4]));
}

/** All in float32: sums over dimensions in order; values summed in order within a page, then page by page. */
function attendOneF32(views: MemoryViews): AttendOne {
  const { f32 } = views;
  return (query, factor, sight) => {
    const places = placesF32(views, sight.pages, sight.offset, query.length);
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

/** The greatest power of 2 that is no greater than x > 0. */
function powerBelow(x: number): number {
  word[0] = x;
  bits[0] &= 0x7f800000;
  return word[0];
}

/** Keys and values of 8 bits, queries of 16; exponentials times the values' scales in 15 bits for each page. Sums of products are exact. */
function attendOneQ8(views: MemoryViews): AttendOne {
  const { f32, i8 } = views;
  return (query, factor, sight) => {
    const places = placesQ8(views, sight.pages, sight.offset, query.length);
    const { codes, step } = quantize(query, 16);
    const queryFactor = multiply(step, factor);
    const score = (position: number) => {
      const sum = codes.reduce((sum, x, d) => sum + i8[places.key(position, d)] * x, 0);
      return multiply(multiply(f(sum), f32[places.keyScale(position)]), queryFactor);
    };
    return attendByPages(sight, query.length, score, (sums, positions, e) => {
      const weights = positions.map((p, i) => multiply(e[i], f32[places.valueScale(p)]));
      const unit = powerBelow(Math.max(2 ** -100, ...weights)) / 2 ** 14;
      const weightCodes = weights.map((weight) => Math.min(rounded(f(weight / unit)), 32767));
      for (let d = 0; d < sums.length; d++) {
        const sum = positions.reduce((sum, p, i) => sum + i8[places.value(p, d)] * weightCodes[i], 0);
        sums[d] = add(sums[d], multiply(f(sum), unit));
      }
    });
  };
}

/** Every row and head on its own, from what {@link Kernels.attendF32} and {@link Kernels.attendQ8} take. */
function attendAll({ f32 }: MemoryViews, kind: KvCacheKind, attendOne: AttendOne): Kernels['attendF32'] {
  return (query, queryStride, y, yStride, pages, offset, position, rows, heads, keyValueHeads, headDimension, scale, window) => {
    const factor = multiply(f(scale), f(LOG2E));
    for (let row = 0; row < rows; row++)
      for (let head = 0; head < heads; head++) {
        const last = position + row;
        const first = window > 0 ? Math.max(0, last - window + 1) : 0;
        const block = offset + Math.floor(head / (heads / keyValueHeads)) * kvBlockBytes(kind, headDimension);
        const from = ((query + row * queryStride) >> 2) + head * headDimension;
        const result = attendOne(f32.slice(from, from + headDimension), factor, { pages, offset: block, first, last });
        f32.set(result, ((y + row * yStride) >> 2) + head * headDimension);
      }
  };
}

/** The twin of {@link Kernels.attendF32}. */
export const attendF32 = (views: MemoryViews): Kernels['attendF32'] => attendAll(views, 'F32', attendOneF32(views));

/** The twin of {@link Kernels.attendQ8}. */
export const attendQ8 = (views: MemoryViews): Kernels['attendQ8'] => attendAll(views, 'Q8', attendOneQ8(views));
