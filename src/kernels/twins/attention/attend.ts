import { LOG2E } from '../../coefficients.ts';
import type { Kernels } from '../../kernels.ts';
import { exp2 } from '../exp2.ts';
import { add, f, multiply, rounded, sumOfLanes } from '../float32.ts';
import type { MemoryViews } from '../memory-views.ts';
import { quantize } from './append.ts';
import { placesF32, placesQ8 } from './blocks.ts';

/** What one query of one head sees of its key-value head: positions first to last of a block of the pages. */
interface Sight {
  pages: number;
  block: number;
  first: number;
  last: number;
}

/** Attention of one head: `query` times `factor` (which has log2 e in it), float32 [headDimension]. */
type AttendOne = (query: Float32Array, factor: number, sight: Sight) => number[];

/** The exponentials of scores, 32 of each page from page-aligned `first` on (0 where masked), and their sum. */
function exponentials(scores: Map<number, number>, { first, last }: Sight) {
  const bound = Math.ceil(Math.max(...scores.values()));
  const start = first & ~31;
  const count = (last | 31) + 1 - start;
  const e = Float32Array.from({ length: count }, (_, i) => (scores.has(start + i) ? exp2(scores.get(start + i)!, bound) : 0));
  const lanes = [0, 1, 2, 3].map((lane) => {
    let total = 0;
    for (let i = lane; i < count; i += 16) total = add(total, add(add(e[i], e[i + 4]), add(e[i + 8], e[i + 12])));
    return total;
  });
  return { e, start, total: sumOfLanes(lanes) };
}

function visible({ first, last }: Sight): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

/** All in float32: sums over dimensions in order; values summed in order within a page, then page by page. */
function attendOneF32(views: MemoryViews): AttendOne {
  const { f32 } = views;
  return (query, factor, sight) => {
    const places = placesF32(views, sight.pages, sight.block, query.length);
    const q = query.map((x) => multiply(x, factor));
    const score = (position: number) => q.reduce((sum, x, d) => add(sum, multiply(f32[places.key(position, d)], x)), 0);
    const { e, start, total } = exponentials(new Map(visible(sight).map((p) => [p, score(p)])), sight);
    return Array.from(query, (_, d) => {
      let sum = 0;
      for (let page = start; page <= sight.last; page += 32) {
        let inPage = 0;
        for (let p = Math.max(page, sight.first); p <= Math.min(page + 31, sight.last); p++)
          inPage = add(inPage, multiply(f32[places.value(p, d)], e[p - start]));
        sum = add(sum, inPage);
      }
      return f(sum / total);
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
    const places = placesQ8(views, sight.pages, sight.block, query.length);
    const { codes, step } = quantize(query, 16);
    const queryFactor = multiply(step, factor);
    const score = (position: number) => {
      const sum = codes.reduce((sum, x, d) => sum + i8[places.key(position, d)] * x, 0);
      return multiply(multiply(f(sum), f32[places.keyScale(position)]), queryFactor);
    };
    const { e, start, total } = exponentials(new Map(visible(sight).map((p) => [p, score(p)])), sight);
    const sums = new Float32Array(query.length);
    for (let page = start; page <= sight.last; page += 32) {
      const positions = visible({ ...sight, first: Math.max(page, sight.first), last: Math.min(page + 31, sight.last) });
      const weights = positions.map((p) => multiply(e[p - start], f32[places.valueScale(p)]));
      const unit = powerBelow(Math.max(2 ** -100, ...weights)) / 2 ** 14;
      const weightCodes = weights.map((weight) => Math.min(rounded(f(weight / unit)), 32767));
      for (let d = 0; d < sums.length; d++) {
        const sum = positions.reduce((sum, p, i) => sum + i8[places.value(p, d)] * weightCodes[i], 0);
        sums[d] = add(sums[d], multiply(f(sum), unit));
      }
    }
    return Array.from(sums, (sum) => f(sum / total));
  };
}

/** Every row and head on its own, from what {@link Kernels.attendF32} and {@link Kernels.attendQ8} take. */
function attendAll({ f32 }: MemoryViews, attendOne: AttendOne): Kernels['attendF32'] {
  return (query, queryStride, y, yStride, pages, layer, position, rows, heads, keyValueHeads, headDimension, scale, window) => {
    const factor = multiply(f(scale), f(LOG2E));
    for (let row = 0; row < rows; row++)
      for (let head = 0; head < heads; head++) {
        const last = position + row;
        const first = window > 0 ? Math.max(0, last - window + 1) : 0;
        const block = layer * keyValueHeads + Math.floor(head / (heads / keyValueHeads));
        const from = ((query + row * queryStride) >> 2) + head * headDimension;
        const result = attendOne(f32.slice(from, from + headDimension), factor, { pages, block, first, last });
        f32.set(result, ((y + row * yStride) >> 2) + head * headDimension);
      }
  };
}

/** The twin of {@link Kernels.attendF32}. */
export const attendF32 = (views: MemoryViews): Kernels['attendF32'] => attendAll(views, attendOneF32(views));

/** The twin of {@link Kernels.attendQ8}. */
export const attendQ8 = (views: MemoryViews): Kernels['attendQ8'] => attendAll(views, attendOneQ8(views));
