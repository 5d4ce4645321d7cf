import { lines, names } from './lines.ts';
import { SideExits } from './side-exits.ts';

const TILES = [1, 2, 3, 4];
const sumsOf = (tile: number) => names('s', tile * 2);

/**
 * The products of 8 floats, the `index`th such 8 at `eights`, with one float of each head.
 * @param other loads a head's float, four times
 */
function addEight(tile: number, index: number, eights: string, other: (head: number) => string): string {
  return `{
    const x0 = v128.load(${eights}, ${index * 32}), x1 = v128.load(${eights}, ${index * 32 + 16});
    ${lines(
      tile,
      (head) => `{
      const r = ${other(head)};
      s${head * 2} = f32x4.add(s${head * 2}, f32x4.mul(x0, r));
      s${head * 2 + 1} = f32x4.add(s${head * 2 + 1}, f32x4.mul(x1, r));
    }`,
    )}
  }`;
}

/** Scores of `groups` groups of 8 positions of one block: 4 dimensions each time round. */
function scores(tile: number): string {
  const sums = sumsOf(tile);
  const exits = new SideExits('k');
  return `
export function scoresF32x${tile}(k: usize, headDimension: i32, scratch: usize, groups: i32): void {
  const width = <usize>headDimension << 5;
  const queries = queriesOf(scratch, headDimension);
  let record = scratch + RECORDS;
  for (let group = 0; group < groups; group++) {
    const end = k + width;
    let q = queries;
    let ${sums.map((sum) => `${sum} = f32x4.splat(0)`).join(', ')};
    do {
      ${lines(4, (i) => addEight(tile, i, 'k', (head) => `v128.load(q, ${(i * tile + head) * 16})`) + exits.next(sums))}
      k += 128;
      q += ${tile * 64};
    } while (k != end);
    ${lines(tile, (head) => `v128.store(record, s${head * 2}, ${head} * RECORD); v128.store(record, s${head * 2 + 1}, ${head} * RECORD + 16);`)}
    record += 32;
  }
}`;
}

/** Adds the values of the fours of positions from \`from\` to \`to\` (multiples of 4, in the block), weighed, to the sums. */
function values(tile: number): string {
  const sums = sumsOf(tile);
  const weights = names('e', tile);
  const exits = new SideExits('v');
  return `
export function valuesF32x${tile}(begin: usize, headDimension: i32, scratch: usize, from: usize, to: usize): void {
  const stop = begin + (<usize>headDimension << 7), record = scratch + RECORDS;
  const first = record + (from << 2), last = record + (to << 2);
  let a = scratch + SUMS;
  for (let chunk = begin; chunk != stop; chunk += 1024) {
    let v = chunk + (from << 5), ${weights.map((e, head) => `${e} = first + ${head} * RECORD`).join(', ')};
    let ${sums.map((sum) => `${sum} = f32x4.splat(0)`).join(', ')};
    do {
      ${lines(4, (i) => addEight(tile, i, 'v', (head) => `v128.load32_splat(e${head}, ${i * 4})`) + exits.next(sums))}
      v += 128;
      ${weights.map((e) => `${e} += 16;`).join(' ')}
    } while (e0 != last);
    ${lines(tile * 2, (i) => `v128.store(a, f32x4.add(v128.load(a, ${i * 16}), s${i}), ${i * 16});`)}
    a += ${tile * 32};
  }
}`;
}

/** scoresF32x1 .. scoresF32x4 and valuesF32x1 .. valuesF32x4: one page for 1 to 4 heads. */
export function attentionF32(): string {
  return `import { queriesOf, RECORD, RECORDS, SUMS } from '../../../src/kernels/assembly/inline/attention-scratch';
${TILES.map(scores).join('\n')}
${TILES.map(values).join('\n')}
`;
}
