import { lines } from './lines.ts';
import { Tile } from './tile.ts';

// floatPanel: a panel of inputs of 16 outputs, float32 [inputs][16], times rows of x, added to y. One instance, for a
// tile of 4 vectors of outputs times 2 rows, without the unrolling:
//
//   for 2 rows x0, x1 at a time (a last row alone):
//     t0_0 .. t3_1 = y0, y1                               // 1. t<vector>_<row>: 8 sums
//     for each input:                                     // 2.
//       w0..w3 = 16 weights of the input
//       s = v128.load32_splat(x0);  t0_0 += s * w0;  t1_0 += s * w1;  t2_0 += s * w2;  t3_0 += s * w3
//       s = v128.load32_splat(x1);  t0_1 += s * w0;  ...  t3_1 += s * w3
//       a side exit, see side-exits.ts
//     y0, y1 = t0_0 .. t3_1                               // 3.
//
// Each output is a lane of its own and is summed input after input, so that neither the tile nor the cut into panels
// changes a result. Preconditions: weights and y are at multiples of 16 bytes; y has been cleared or holds the panels
// before.

/** How many inputs are unrolled. */
const UNROLLED = 4;

export function floatPanel(): string {
  const rowsAtOnce = (rows: number) => {
    const tile = new Tile(4, rows, 'x0');
    const step = (index: number) =>
      tile.step({
        weights: (vector) => `v128.load(w, ${index * 64 + vector * 16})`,
        activations: (row) => `v128.load32_splat(x${row}, ${index * 4})`,
        add: (sum, x, w) => `f32x4.add(${sum}, f32x4.mul(${x}, ${w}))`,
        begins: false,
      });
    const forAll = (piece: (sum: string, row: number, at: number) => string) =>
      lines(4 * rows, (index) => piece(tile.sums[index], index % rows, Math.floor(index / rows) * 16));
    const advance = (inputs: number) => `w += ${inputs * 64}; ${lines(rows, (row) => `x${row} += ${inputs * 4};`)}`;
    return `
    ${lines(rows, (row) => `let x${row} = x + xStride * ${row}; const y${row} = y + yStride * ${row};`)}
    ${forAll((sum, row, at) => `let ${sum} = v128.load(y${row}, ${at});`)}
    let w = weights;
    while (w < unrolledEnd) {
      ${lines(UNROLLED, step)}
      ${advance(UNROLLED)}
    }
    while (w < end) {
      ${step(0)}
      ${advance(1)}
    }
    ${forAll((sum, row, at) => `v128.store(y${row}, ${sum}, ${at});`)}`;
  };
  return `
function floatPanel(x: usize, xStride: usize, weights: usize, y: usize, yStride: usize, rows: i32, inputs: usize): void {
  const end = weights + (inputs << 6), unrolledEnd = weights + ((inputs & ~${UNROLLED - 1}) << 6);
  for (; rows > 1; rows -= 2) {${rowsAtOnce(2)}
    x += xStride << 1;
    y += yStride << 1;
  }
  if (rows) {${rowsAtOnce(1)}
  }
}`;
}
