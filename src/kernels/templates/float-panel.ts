import { lines } from './lines.ts';
import { Tile } from './tile.ts';

/** Inputs that are unrolled. */
const UNROLLED = 4;

/**
 * `inputs` inputs of 16 outputs, float32 [inputs][16], times `rows` rows of x, added to y: 2 rows at a time, a last one alone. Each
 * output is a lane of its own and is summed input after input, so that neither the tile nor the cut into panels shows in a result.
 */
export function floatPanel(): string {
  const rowsAtOnce = (rows: number) => {
    const tile = new Tile(4, rows, 'x0');
    const step = (index: number) =>
      tile.step({
        weights: (vector) => `v128.load(w, ${index * 64 + vector * 16})`,
        activations: (row) => `v128.load32_splat(x${row}, ${index * 4})`,
        product: (x, w) => `f32x4.mul(${x}, ${w})`,
        add: (sum, product) => `f32x4.add(${sum}, ${product})`,
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
