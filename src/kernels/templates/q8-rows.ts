import { lines, names } from './lines.ts';
import { SideExits } from './side-exits.ts';
import { streamPanels } from './stream-panels.ts';

// q8Rows: 1 to 4 rows of x times q8 weights. One instance, q8Rows1x1 (one row, one stream), without the unrolling:
//
//   for each panel, a group of 8 outputs:                 // lanes 0..3 are outputs 0..3 (t0, a0) and 4..7 (t1, a1)
//     a0 = a1 = 0                                         // float32
//     for each block of 32 inputs (record w, activations x):
//       for pair = 0..15:                                 // 1. two codes of each output times two activations
//         s = x[2 pair, 2 pair + 1]                       // two int16, repeated over the vector
//         t0 += dot_i16x8_s(load8x8_s(w, 16 pair), s)     // int32
//         t1 += dot_i16x8_s(load8x8_s(w, 16 pair + 8), s)
//         a side exit, see side-exits.ts
//       a0 += f32(t0) * (f32(block scales 0..3) * scale of x)                 // 2.
//       a1 += ...
//     y = a * row scales                                  // 3.
//
// A block's sum is at most 32 * 128 * 32767, which fits 32 bits. More rows have activations, sums and results of their
// own; more streams (see assembly/inline/streams.ts) have weights and results of their own. Layouts: matrix-kernels.ts.
// Preconditions: x comes from quantizeForQ8; y has room for whole groups.

/** Activations are loaded eight at a time and spread by shuffles, for the reason that q4-rows.ts gives. */
export function q8Rows(rows: number, streams: number): string {
  const exits = new SideExits('x');
  const panels = streamPanels(streams);
  const perRow = (piece: (row: number) => string) => lines(rows, piece);
  const sums = names('t', 2 * streams * rows);
  const activations = (row: number, pair: number) => {
    const lane = pair % 4;
    return `${lane ? '' : `x${row} = v128.load(x, ${row} * Q8_ACTIVATIONS + ${pair * 4});`}
        const s${row} = v128.shuffle<i32>(x${row}, x${row}, ${lane}, ${lane}, ${lane}, ${lane});`;
  };
  const products = (pair: number, vector: number) => `{ const codes = v128.load8x8_s(w${vector >> 1}, ${pair * 16 + (vector & 1) * 8});
        ${perRow((row) => {
          const sum = sums[vector * rows + row];
          const product = `i32x4.dot_i16x8_s(codes, s${row})`;
          return `${sum} = ${pair ? `i32x4.add(${sum}, ${product})` : product};`;
        })} }`;
  const scaled = (
    vector: number,
  ) => `{ const scales = f32x4.convert_i32x4_s(v128.load16x4_s(w${vector >> 1}, Q8_SCALES + ${(vector & 1) * 8}));
        ${perRow((row) => {
          const sum = vector * rows + row;
          return `a${sum} = f32x4.add(a${sum}, f32x4.mul(f32x4.convert_i32x4_s(t${sum}), f32x4.mul(scales, scale${row})));`;
        })} }`;
  const result = (sum: number) => {
    const [row, vector] = [sum % rows, Math.floor(sum / rows)];
    const at = (vector & 1) * 16;
    return `v128.store(to${vector >> 1} + ${row} * yStride, f32x4.mul(a${sum}, v128.load(w${vector >> 1}, ${at})), ${at});`;
  };
  return `
/** \`activations\`: those of the first of these rows, among \`padded\` rows. */
function q8Rows${rows}x${streams}(
  activations: usize, padded: usize, weights: usize, y: usize, yStride: usize, panels: usize, blocks: usize,
): void {
  const zero = i32x4.splat(0), recordStride = padded * Q8_ACTIVATIONS, end = activations + blocks * recordStride;
  const panelBytes = <usize>q8GroupBytes(blocks), ${panels.each};
  ${panels.firsts}
  let w0 = weights;
  for (const last = y + (each << 5); y < last; y += 32) {
    let ${sums.map((_, sum) => `a${sum} = zero`).join(', ')};
    ${panels.weights}
    for (let x = activations; x < end; x += recordStride) {
      let ${sums.map((sum) => `${sum}: v128`).join(', ')}, ${names('x', rows)
        .map((x) => `${x}: v128`)
        .join(', ')};
      ${lines(
        16,
        (pair) => `{ ${perRow((row) => activations(row, pair))}
        ${lines(2 * streams, (vector) => products(pair, vector))} }
      ${exits.next(sums)}`,
      )}
      ${perRow((row) => `const scale${row} = v128.load32_splat(x, ${row} * Q8_ACTIVATIONS + Q8_ACTIVATIONS_SCALE);`)}
      ${lines(2 * streams, scaled)}
      ${lines(streams, (stream) => `w${stream} += Q8_RECORD;`)}
    }
    ${panels.results}
    ${lines(sums.length, result)}
    w0 += Q8_ROW_SCALES;
  }
}`;
}
