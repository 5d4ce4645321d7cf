import { lines, names } from './lines.ts';
import { SideExits } from './side-exits.ts';

/** Heads that share keys and values, computed together: V8 has registers for 4. */
const TILES = [1, 2, 3, 4];

/** Two vectors of sums of each head. */
const sumsOf = (tile: number) => names('s', tile * 2);

/**
 * The products of one pair: of two dimensions of 8 positions with those of each query, or of two positions of 8 dimensions with their
 * weights. Both lie as 8 pairs of bytes.
 * @param bytes pointer to the bytes of the first pair
 * @param other loads a head's two numbers of 16 bits, four times
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

/** Scores of `groups` groups of 8 positions of one block: 4 pairs of dimensions each time round. */
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
  let k = scales + 128, queries = queriesOf(scratch, headDimension), record = scratch + RECORDS;
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
 * Adds one block's values, weighed, to the sums: 16 pairs of positions for 8 dimensions each time round. Each head's weights have a
 * pointer of their own: then V8 computes an offset once for all.
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

/** scoresQ8x1 .. scoresQ8x4 and valuesQ8x1 .. valuesQ8x4: one page for 1 to 4 heads. */
export function attentionQ8(): string {
  return `import { FACTORS, queriesOf, RECORD, RECORDS, SCALE, SUMS } from '../../../src/kernels/assembly/inline/attention-scratch';
${TILES.map(scores).join('\n')}
${TILES.map(values).join('\n')}
`;
}
