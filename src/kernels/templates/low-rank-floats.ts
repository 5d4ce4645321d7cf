import { lines } from './lines.ts';
import { Tile } from './tile.ts';

// addLowRank with matrices of float32: y += (x Aᵀ) Bᵀ. One instance, for a tile of 2 rows, without the unrolling:
//
//   for each panel of A, 8 of its outputs:                // 1. x Aᵀ, into scratch
//     t0_0 .. t1_1 = 0                                    // t<vector>_<row>: 4 sums
//     for each input:
//       w0, w1 = 8 weights of the input
//       s = v128.load32_splat(x0);  t0_0 += s * w0;  t1_0 += s * w1
//       s = v128.load32_splat(x1);  t0_1 += s * w0;  t1_1 += s * w1
//       a side exit, see side-exits.ts
//     scratch = t0_0 .. t1_1
//   for each panel of B:                                  // 2. the same with scratch in the place of x
//     y0, y1 += t0_0 .. t1_1
//
// Each output is a lane of its own and is summed input after input, so that the tile does not change a result.
//
// Preconditions: rank is a multiple of 8; y has room for whole panels.

/** How many inputs are unrolled: a rank is a multiple of it. */
const UNROLLED = 4;
/** Bytes of a panel's weights for one input. */
const INPUT_BYTES = 32;

/** Sums of one panel at `w`, which ends behind it: times rows that begin at `from` and lie `stride` apart. */
function panel(tile: Tile, from: string, stride: string): string {
  const step = (index: number) =>
    tile.step({
      weights: (vector) => `v128.load(w, ${index * INPUT_BYTES + vector * 16})`,
      activations: (row) => `v128.load32_splat(x${row}, ${index * 4})`,
      add: (sum, x, w) => `f32x4.add(${sum}, f32x4.mul(${x}, ${w}))`,
      begins: false,
    });
  const advance = (inputs: number) => `w += ${inputs * INPUT_BYTES}; ${lines(tile.rows, (row) => `x${row} += ${inputs * 4};`)}`;
  return `
    ${lines(tile.rows, (row) => `let x${row} = ${from} + ${stride} * ${row};`)}
    let ${tile.sums.map((sum) => `${sum} = zero`).join(', ')};
    while (x0 < unrolledEnd) {
      ${lines(UNROLLED, step)}
      ${advance(UNROLLED)}
    }
    while (x0 < end) {
      ${step(0)}
      ${advance(1)}
    }`;
}

/** The source of lowRankF32x<rows>. */
export function lowRankFloats(rows: number): string {
  const tile = new Tile(2, rows, 'x0');
  const forAll = (piece: (sum: string, row: number, at: number) => string) =>
    lines(2 * rows, (index) => piece(tile.sums[index], index % rows, Math.floor(index / rows) * 16));
  return `
function lowRankF32x${rows}(
  x: usize, xStride: usize, down: usize, up: usize, y: usize, yStride: usize, inputs: usize, outputs: i32, rank: i32, scratch: usize,
): void {
  const zero = f32x4.splat(0), stride = <usize>rank << 2;
  let w = down, end = x + (inputs << 2), unrolledEnd = x + ((inputs & ~${UNROLLED - 1}) << 2);
  for (let at = scratch; at < scratch + stride; at += 32) {${panel(tile, 'x', 'xStride')}
    ${forAll((sum, row, at) => `v128.store(at + stride * ${row}, ${sum}, ${at});`)}
  }
  w = up;
  end = scratch + stride;
  unrolledEnd = end;
  for (const last = y + (<usize>outputs << 2); y < last; y += 32) {${panel(tile, 'scratch', 'stride')}
    ${lines(rows, (row) => `const y${row} = y + yStride * ${row};`)}
    ${forAll((sum, row, at) => `v128.store(y${row}, f32x4.add(v128.load(y${row}, ${at}), ${sum}), ${at});`)}
  }
}`;
}
