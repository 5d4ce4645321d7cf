import { floatPanel } from './float-panel.ts';
import { floatRows } from './float-row.ts';
import { lines } from './lines.ts';
import type { Variant } from './variant.ts';

/** Inputs of a panel. 16 outputs of this many inputs take 8 KB, which stay in the first-level cache for all rows. */
const PANEL = 128;

/**
 * The source of matMulF32 and matMulF16. Several rows use floatPanel, for which f16 weights are unpacked panel by panel.
 */
export function matMulFloats({ streams }: Variant): string {
  return `
import { HALF_BITS, HALF_SCALE, HALF_SHIFT } from '../../../src/kernels/assembly/inline/constants';
import { firstPanel, panelsOfStream } from '../../../src/kernels/assembly/inline/streams';
import { highHalves, lowHalves, smallHighHalves, smallLowHalves } from '../../../src/kernels/assembly/inline/half';
${floatPanel()}
${floatRows(streams)}

function clear16(y: usize, yStride: usize, rows: i32): void {
  const zero = f32x4.splat(0);
  for (let row = 0; row < rows; row++, y += yStride) {
    ${lines(4, (vector) => `v128.store(y, zero, ${vector * 16});`)}
  }
}

/** See MatrixKernels.matMulF32. */
export function matMulF32(
  x: usize, xStride: usize, weights: usize, y: usize, yStride: usize, rows: i32, outputs: i32, inputs: i32,
): void {
  if (rows == 1) return f32Row(x, weights, y, outputs, inputs);
  for (let output = 0; output < outputs; output += 16, y += 64) {
    clear16(y, yStride, rows);
    for (let first = 0; first < inputs; first += ${PANEL}) {
      const count = min(${PANEL}, inputs - first);
      floatPanel(x + (<usize>first << 2), xStride, weights, y, yStride, rows, count);
      weights += <usize>count << 6;
    }
  }
}

/** Converts 16 outputs of \`count\` inputs to float32. */
function unpackHalves(weights: usize, to: usize, count: usize): void {
  const bits = v128.load(HALF_BITS), shift = v128.load(HALF_SHIFT), scale = v128.load(HALF_SCALE);
  for (const end = weights + (count << 5); weights < end; weights += 32, to += 64) {
    const words0 = v128.load(weights), words1 = v128.load(weights, 16);
    v128.store(to, lowHalves(words0, bits, shift, scale));
    v128.store(to, highHalves(words0, bits, scale), 16);
    v128.store(to, lowHalves(words1, bits, shift, scale), 32);
    v128.store(to, highHalves(words1, bits, scale), 48);
  }
}

/** See MatrixKernels.matMulF16. */
export function matMulF16(
  x: usize, xStride: usize, weights: usize, y: usize, yStride: usize, rows: i32, outputs: i32, inputs: i32, scratch: usize,
): void {
  if (rows == 1) return f16Row(x, weights, y, outputs, inputs);
  for (let output = 0; output < outputs; output += 16, y += 64) {
    clear16(y, yStride, rows);
    for (let first = 0; first < inputs; first += ${PANEL}) {
      const count = min(${PANEL}, inputs - first);
      unpackHalves(weights, scratch, count);
      floatPanel(x + (<usize>first << 2), xStride, scratch, y, yStride, rows, count);
      weights += <usize>count << 5;
    }
  }
}
`;
}
