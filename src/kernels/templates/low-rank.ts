import { lines } from './lines.ts';
import { Tile } from './tile.ts';

// addLowRank: y += 2^exponent (x Aᵀ) Bᵀ. One instance, for float32 and a tile of 2 rows, without the unrolling:
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
// Each output is a lane of its own and is summed input after input, so that the tile does not change a result. Weights
// of float16 are 2^112 times too small after they have been taken from their halves (see assembly/inline/half.ts): sums
// of the first half are multiplied by 2^112 for that, by 2^exponent, and by 2^112 once more for the weights of the second
// half.
//
// Preconditions: rank is a multiple of 8; y has room for whole panels; weights of float16 are finite.

/** How many inputs are unrolled: a rank is a multiple of it. */
const UNROLLED = 4;
/** Rows that are multiplied at once. With four, V8 has too few registers: they take three times as long as two. */
const ROWS = [2, 1];

interface Elements {
  readonly name: string;
  /** Bytes of a panel's weights for one input. */
  readonly bytes: number;
  readonly constants: string;
  /** Declares what both vectors are taken from. */
  readonly load: (at: number) => string;
  readonly weights: (vector: number, at: number) => string;
  /** A sum of x Aᵀ as the second half takes it. */
  readonly scaled: (sum: string) => string;
}

const f32: Elements = {
  name: 'F32',
  bytes: 32,
  constants: '',
  load: () => '',
  weights: (vector, at) => `v128.load(w, ${at + vector * 16})`,
  scaled: (sum) => sum,
};
const f16: Elements = {
  name: 'F16',
  bytes: 16,
  constants: `const bits = v128.load(HALF_BITS), shift = v128.load(HALF_SHIFT), scale = v128.load(HALF_SCALE);
  const factor = i32x4.splat((112 + exponent + 127) << 23); // 2^(112 + exponent)`,
  load: (at) => `const words = v128.load(w, ${at});`,
  weights: (vector) => (vector === 0 ? 'smallLowHalves(words, bits, shift)' : 'smallHighHalves(words, bits)'),
  scaled: (sum) => `f32x4.mul(f32x4.mul(${sum}, factor), scale)`,
};

/** Sums of one panel at `w`, which ends behind it: times rows that begin at `from` and lie `stride` apart. */
function panel({ bytes, load, weights }: Elements, tile: Tile, from: string, stride: string): string {
  const step = (index: number) => `{ ${load(index * bytes)}
      ${tile.step({
        weights: (vector) => weights(vector, index * bytes),
        activations: (row) => `v128.load32_splat(x${row}, ${index * 4})`,
        add: (sum, x, w) => `f32x4.add(${sum}, f32x4.mul(${x}, ${w}))`,
        begins: false,
      })} }`;
  const advance = (inputs: number) => `w += ${inputs * bytes}; ${lines(tile.rows, (row) => `x${row} += ${inputs * 4};`)}`;
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

function rowsAtOnce(elements: Elements, rows: number): string {
  const tile = new Tile(2, rows, 'x0');
  const forAll = (piece: (sum: string, row: number, at: number) => string) =>
    lines(2 * rows, (index) => piece(tile.sums[index], index % rows, Math.floor(index / rows) * 16));
  return `
function lowRank${elements.name}x${rows}(
  x: usize, xStride: usize, down: usize, up: usize, y: usize, yStride: usize, inputs: usize, outputs: i32, rank: i32, exponent: i32, scratch: usize,
): void {
  ${elements.constants}
  const zero = f32x4.splat(0), stride = <usize>rank << 2;
  let w = down, end = x + (inputs << 2), unrolledEnd = x + ((inputs & ~${UNROLLED - 1}) << 2);
  for (let at = scratch; at < scratch + stride; at += 32) {${panel(elements, tile, 'x', 'xStride')}
    ${forAll((sum, row, at) => `v128.store(at + stride * ${row}, ${elements.scaled(sum)}, ${at});`)}
  }
  w = up;
  end = scratch + stride;
  unrolledEnd = end;
  for (const last = y + (<usize>outputs << 2); y < last; y += 32) {${panel(elements, tile, 'scratch', 'stride')}
    ${lines(rows, (row) => `const y${row} = y + yStride * ${row};`)}
    ${forAll((sum, row, at) => `v128.store(y${row}, f32x4.add(v128.load(y${row}, ${at}), ${sum}), ${at});`)}
  }
}`;
}

/** The source of addLowRank. */
export function lowRank(): string {
  const forRows = ({ name }: Elements) => `
    ${lines(
      ROWS.length,
      (index) => `for (; rows >= ${ROWS[index]}; rows -= ${ROWS[index]}) {
      lowRank${name}x${ROWS[index]}(x, xStride, down, up, y, yStride, inputs, outputs, rank, exponent, scratch);
      x += xStride * ${ROWS[index]}; y += yStride * ${ROWS[index]};
    }`,
    )}`;
  return `
import { HALF_BITS, HALF_SCALE, HALF_SHIFT } from '../../../src/kernels/assembly/inline/constants';
import { smallHighHalves, smallLowHalves } from '../../../src/kernels/assembly/inline/half';
${[f32, f16].flatMap((elements) => ROWS.map((rows) => rowsAtOnce(elements, rows))).join('\n')}

/** See MatrixKernels.addLowRank. */
export function addLowRank(
  x: usize, xStride: usize, down: usize, up: usize, y: usize, yStride: usize, rows: i32, inputs: i32, outputs: i32, rank: i32, exponent: i32,
  isHalf: i32, scratch: usize,
): void {
  if (isHalf) {${forRows(f16)}
  } else {${forRows(f32)}
  }
}
`;
}
