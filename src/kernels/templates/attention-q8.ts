import { lines, names } from './lines.ts';
import { SideExits } from './side-exits.ts';

// Scores and values of attention over a Q8 cache: one page, for 1 to 4 heads that share its keys and values. One
// instance each, scoresQ8x1 and valuesQ8x1 (one head), without the unrolling:
//
//   scoresQ8x1: for each group of 8 positions:            // lanes are positions
//     s0 = s1 = 0                                         // int32
//     for each pair of dimensions:
//       r = two elements of the query, int16, four times
//       s0 += dot_i16x8_s(load8x8_s(k), r)                // positions 0..3
//       s1 += dot_i16x8_s(load8x8_s(k, 8), r)             // positions 4..7
//       a side exit, see side-exits.ts
//     scores = f32(s) * key scales * the query's factor   // into the record of the head
//
//   valuesQ8x1: for 8 dimensions at a time:               // lanes are dimensions
//     s0 = s1 = 0
//     for each pair of positions:
//       r = the codes of two weights, int16, four times;  s0, s1 += dot_i16x8_s(8 pairs of values, r)
//       a side exit
//     sums += f32(s) * the step of the codes
//
// With more heads, each pair that was loaded serves all of them. Layouts: attention-kernels.ts for the cache,
// attention-scratch.ts for the scratch. Preconditions: headDimension is a multiple of 8; masked positions have weights
// of 0.

/** The numbers of heads for which there is a kernel. */
const TILES = [1, 2, 3, 4];

/** The variables of the sums: two vectors for each head. */
const sumsOf = (tile: number) => names('s', tile * 2);

/**
 * Adds the products of one pair: two dimensions of 8 positions times those of each query, or two positions of 8
 * dimensions times their weights. Both lie in memory as 8 pairs of bytes.
 * @param bytes a pointer to the bytes of the first pair
 * @param other loads a head's two numbers of 16 bits, repeated four times
 */
function addPair(tile: number, pair: number, bytes: string, other: (head: number) => string): string {
  return `{
    const x0 = v128.load8x8_s(${bytes}, ${pair * 16}), x1 = v128.load8x8_s(${bytes}, ${pair * 16 + 8});
    ${lines(
      tile,
      (head) => `{
      const r = ${other(head)};
      s${head * 2} = i32x4.add(s${head * 2}, i32x4.dot_i16x8_s(x0, r));
      s${head * 2 + 1} = i32x4.add(s${head * 2 + 1}, i32x4.dot_i16x8_s(x1, r));
    }`,
    )}
  }`;
}

/** Scores of `groups` groups of 8 positions, with 4 pairs of dimensions in each round of the loop. */
function scores(tile: number): string {
  const sums = sumsOf(tile);
  const exits = new SideExits('k');
  const score = (head: number, vector: number) => {
    const scaled = `f32x4.mul(f32x4.convert_i32x4_s(s${head * 2 + vector}), scale${vector})`;
    return `v128.store(record, f32x4.mul(${scaled}, v128.load(scratch, FACTORS + ${head * 16})), ${head} * RECORD + ${vector * 16});`;
  };
  return `
export function scoresQ8x${tile}(scales: usize, headDimension: i32, scratch: usize, groups: i32): void {
  const width = <usize>headDimension << 3;
  let k = scales + KV_SCALES, queries = queriesOf(scratch, headDimension), record = scratch + RECORDS;
  for (let group = 0; group < groups; group++) {
    const end = k + width;
    let q = queries;
    let ${sums.map((sum) => `${sum} = i32x4.splat(0)`).join(', ')};
    do {
      ${lines(4, (pair) => addPair(tile, pair, 'k', (head) => `v128.load(q, ${(pair * tile + head) * 16})`) + exits.next(sums))}
      k += 64;
      q += ${tile * 64};
    } while (k != end);
    const scale0 = v128.load(scales), scale1 = v128.load(scales, 16);
    ${lines(tile, (head) => score(head, 0) + score(head, 1))}
    record += 32;
    scales += 32;
  }
}`;
}

/**
 * Adds one page's weighted values to the sums: 16 pairs of positions of 8 dimensions in each round of the loop. Each
 * head's weights have a pointer of their own, so that V8 computes an offset only once.
 */
function values(tile: number): string {
  const sums = sumsOf(tile);
  const weights = names('w', tile);
  const exits = new SideExits('v');
  const add = (sum: number) =>
    `v128.store(a, f32x4.add(v128.load(a, ${sum * 16}), f32x4.mul(f32x4.convert_i32x4_s(s${sum}), scale)), ${sum * 16});`;
  return `
export function valuesQ8x${tile}(v: usize, headDimension: i32, scratch: usize): void {
  const end = v + (<usize>headDimension << 5), ${weights.map((w, head) => `${w} = scratch + RECORDS + ${head} * RECORD`).join(', ')};
  let a = scratch + SUMS;
  do {
    let ${sums.map((sum) => `${sum} = i32x4.splat(0)`).join(', ')};
    ${lines(16, (pair) => addPair(tile, pair, 'v', (head) => `v128.load32_splat(w${head}, ${pair * 4})`) + exits.next(sums))}
    ${lines(tile, (head) => `{ const scale = v128.load32_splat(w${head}, SCALE); ${add(head * 2)} ${add(head * 2 + 1)} }`)}
    v += 256;
    a += ${tile * 32};
  } while (v != end);
}`;
}

/** The source of scoresQ8x1 .. scoresQ8x4 and valuesQ8x1 .. valuesQ8x4. */
export function attentionQ8(): string {
  return `import { FACTORS, queriesOf, RECORD, RECORDS, SCALE, SUMS } from '../../../src/kernels/assembly/inline/attention-scratch';
import { KV_SCALES } from '../../../src/kernels/layout-sizes';
${TILES.map(scores).join('\n')}
${TILES.map(values).join('\n')}
`;
}
