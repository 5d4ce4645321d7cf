import { lines, names } from './lines.ts';
import { SideExits } from './side-exits.ts';

// Scores and values of attention over an F32 cache: one page, for 1 to 4 heads that share its keys and values. One
// instance each, scoresF32x1 and valuesF32x1 (one head), without the unrolling:
//
//   scoresF32x1: for 2 groups of 8 positions at a time:   // lanes are positions
//     s0..s3 = 0
//     for each dimension:
//       r = the query's element, four times;  s0, s1 += 8 keys of the first group * r;  s2, s3 += those of the second
//       a side exit, see side-exits.ts
//     scores = s0..s3                                     // into the record of the head
//
//   valuesF32x1: for 16 dimensions at a time:             // lanes are dimensions
//     s0..s3 = 0
//     for each position from `from` to `to`:
//       r = the position's exponential, four times;  s0..s3 += 16 values * r
//       a side exit
//     sums += s0..s3
//
// With 3 or 4 heads the scores take one group and the values 8 dimensions at a time, so that there are 6 or 8 sums
// again. Layouts: attention-kernels.ts for the cache, attention-scratch.ts for the scratch. Preconditions:
// headDimension is a multiple of 8; `from` and `to` are multiples of 4, and the positions outside of the window have
// exponentials of 0.

const TILES = [1, 2, 3, 4];

/**
 * How many eights (of positions for scores, of dimensions for values) a tile computes at once. An addition takes 3
 * cycles or more, so that additions to fewer than 6 sums would wait for one another.
 */
const eightsOf = (tile: number) => (tile < 3 ? 2 : 1);

/** The variables of the sums: two vectors for each eight and head. */
const sumsOf = (tile: number, eights: number) => names('s', tile * eights * 2);

/**
 * Adds the products of eights of floats with one float of each head.
 * @param load loads one of the two vectors of an eight
 * @param other loads a head's float, repeated four times
 */
function addProducts(
  tile: number,
  eights: number,
  load: (eight: number, vector: number) => string,
  other: (head: number) => string,
): string {
  const add = (eight: number, head: number, vector: number) => {
    const sum = `s${(eight * tile + head) * 2 + vector}`;
    return `${sum} = f32x4.add(${sum}, f32x4.mul(x${eight * 2 + vector}, r));`;
  };
  return `{
    ${lines(eights, (eight) => `const x${eight * 2} = ${load(eight, 0)}, x${eight * 2 + 1} = ${load(eight, 1)};`)}
    ${lines(tile, (head) => `{ const r = ${other(head)}; ${lines(eights, (eight) => add(eight, head, 0) + add(eight, head, 1))} }`)}
  }`;
}

/** Scores of at least `groups` groups of 8 positions, with 4 dimensions in each round of the loop. */
function scores(tile: number): string {
  const eights = eightsOf(tile);
  const sums = sumsOf(tile, eights);
  const exits = new SideExits('k0');
  const pointers = names('k', eights);
  const load = (i: number) => (eight: number, vector: number) => `v128.load(k${eight}, ${i * 32 + vector * 16})`;
  const store = (eight: number, head: number, vector: number) =>
    `v128.store(record, s${(eight * tile + head) * 2 + vector}, ${head} * RECORD + ${eight * 32 + vector * 16});`;
  return `
export function scoresF32x${tile}(keys: usize, headDimension: i32, scratch: usize, groups: i32): void {
  const width = <usize>headDimension << 5, queries = queriesOf(scratch, headDimension);
  let record = scratch + RECORDS;
  for (let group = 0; group < groups; group += ${eights}) {
    let ${pointers.map((k, eight) => `${k} = keys + ${eight} * width`).join(', ')}, q = queries;
    const end = keys + width;
    let ${sums.map((sum) => `${sum} = f32x4.splat(0)`).join(', ')};
    do {
      ${lines(4, (i) => addProducts(tile, eights, load(i), (head) => `v128.load(q, ${(i * tile + head) * 16})`) + exits.next(sums))}
      ${pointers.map((k) => `${k} += 128;`).join(' ')}
      q += ${tile * 64};
    } while (k0 != end);
    ${lines(eights, (eight) => lines(tile, (head) => store(eight, head, 0) + store(eight, head, 1)))}
    keys += width * ${eights};
    record += ${eights * 32};
  }
}`;
}

/**
 * The loop over positions for `eights` times 8 dimensions, 4 positions in each round, and the addition to their sums.
 */
function addValues(tile: number, eights: number, exits: SideExits): string {
  const sums = sumsOf(tile, eights);
  const weights = names('e', tile);
  const load = (i: number) => (eight: number, vector: number) => `v128.load(v, ${eight * 1024 + i * 32 + vector * 16})`;
  return `
    let v = eight + (from << 5), ${weights.map((e, head) => `${e} = first + ${head} * RECORD`).join(', ')};
    let ${sums.map((sum) => `${sum} = f32x4.splat(0)`).join(', ')};
    do {
      ${lines(4, (i) => addProducts(tile, eights, load(i), (head) => `v128.load32_splat(e${head}, ${i * 4})`) + exits.next(sums))}
      v += 128;
      ${weights.map((e) => `${e} += 16;`).join(' ')}
    } while (e0 != last);
    ${lines(sums.length, (i) => `v128.store(a, f32x4.add(v128.load(a, ${i * 16}), s${i}), ${i * 16});`)}
    a += ${sums.length * 16};
    eight += ${eights * 1024};`;
}

/** Adds the weighted values of the positions of the page from `from` to `to` to the sums. */
function values(tile: number): string {
  const eights = eightsOf(tile);
  const exits = new SideExits('v');
  const rest = eights > 1 ? `if (eight != stop) { ${addValues(tile, 1, exits)} }` : '';
  return `
export function valuesF32x${tile}(eight: usize, headDimension: i32, scratch: usize, from: usize, to: usize): void {
  const stop = eight + (<usize>headDimension << 7), record = scratch + RECORDS;
  const first = record + (from << 2), last = record + (to << 2);
  let a = scratch + SUMS;
  while (eight + ${eights * 1024} <= stop) { ${addValues(tile, eights, exits)} }
  ${rest}
}`;
}

/** The source of scoresF32x1 .. scoresF32x4 and valuesF32x1 .. valuesF32x4. */
export function attentionF32(): string {
  return `import { queriesOf, RECORD, RECORDS, SUMS } from '../../../src/kernels/assembly/inline/attention-scratch';
${TILES.map(scores).join('\n')}
${TILES.map(values).join('\n')}
`;
}
