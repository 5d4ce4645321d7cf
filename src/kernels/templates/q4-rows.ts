import type { BlockSums } from './block-sums.ts';
import { lines, names } from './lines.ts';
import { SideExits } from './side-exits.ts';
import { streamPanels } from './stream-panels.ts';

// q4Rows: 1 to 4 rows of x times q4 weights, straight from the packed codes. With one row this is what decoding does.
// One instance, q4Rows1x1 (one row, one stream), without the unrolling:
//
//   for each panel, a group of 8 outputs:                 // lanes 0..3 are outputs 0..3 (t0, a0) and 4..7 (t1, a1)
//     a0 = a1 = 0                                         // float32
//     for each block of 32 inputs (record w, activations x):
//       for word = 0..3:                                  // 1. 8 codes of each output times 8 activations
//         low = x[8 word + 0, 2, 4, 6], high = x[8 word + 1, 3, 5, 7]         // bytes, repeated over the vector
//         codes = v128.load(w, 32 word)
//         t0 += dot(low, codes & 15) + dot(high, codes >> 4 & 15)             // 16 bits
//         codes = v128.load(w, 32 word + 16); t1 += ...
//         if (x == word + 1) { store t0, t1; unreachable(); }                 // never taken, see side-exits.ts
//       a0 += f32(dot_i16x8_s(t0, block scales 0..3)) * scale of x            // 2. scales, and adds pairs
//       a1 += ...
//     m0 = m1 = 0                                         // int32
//     for each pair of blocks:                            // 3. what the minima subtract
//       m0 += dot_i16x8_s(minima of outputs 0..3, sums of x in both blocks); m1 += ...
//     y = a * row scales - f32(m) * (row minimum scales * scale of the sums)  // 4.
//
// More rows have activations, sums and results of their own; more streams (see assembly/inline/streams.ts) have weights
// and results of their own. Layouts: matrix-kernels.ts. Preconditions: x comes from quantizeForQ4; y has room for whole
// groups.

/**
 * Activations are loaded 16 at a time and spread by shuffles: a host that checks the bounds of each load, as workerd
 * does, pays more for loads than for anything else.
 */
export function q4Rows(rows: number, streams: number, blockSums: BlockSums): string {
  const exits = new SideExits('x');
  const panels = streamPanels(streams);
  const perRow = (piece: (row: number) => string) => lines(rows, piece);
  const perStream = (piece: (stream: number) => string) => lines(streams, piece);
  const sums = names('t', 2 * streams * rows);
  const splat = (row: number, lane: number) => `v128.shuffle<i32>(x${row}, x${row}, ${lane}, ${lane}, ${lane}, ${lane})`;
  const activations = (row: number, word: number) => `${word % 2 ? '' : `x${row} = v128.load(x, ${row} * Q4_ACTIVATIONS + ${word * 8});`}
        const low${row} = ${splat(row, word % 2 ? 2 : 0)}, high${row} = ${splat(row, word % 2 ? 3 : 1)};`;
  const products = (word: number, vector: number) => `{
        const codes = v128.load(w${vector >> 1}, ${word * 32 + (vector & 1) * 16}), first = v128.and(codes, nibbles), second = v128.and(i16x8.shr_u(codes, 4), nibbles);
        ${perRow((row) => {
          const sum = sums[vector * rows + row];
          return `${sum} = ${blockSums.addTwo(word ? sum : undefined, `low${row}`, 'first', `high${row}`, 'second')};`;
        })} }`;
  const scaled = (vector: number) => `{ const factors = ${blockSums.scales(vector & 1)};
        ${perRow((row) => {
          const sum = vector * rows + row;
          return `a${sum} = f32x4.add(a${sum}, f32x4.mul(${blockSums.scaled(`t${sum}`, 'factors')}, scale${row}));`;
        })} }`;
  const result = (row: number, vector: number) => {
    const sum = vector * rows + row;
    const at = (vector & 1) * 16;
    return `v128.store(to${vector >> 1} + ${row} * yStride, f32x4.sub(f32x4.mul(a${sum}, v128.load(w${vector >> 1}, ${at})),
      f32x4.mul(f32x4.convert_i32x4_s(m${sum}), f32x4.mul(v128.load(w${vector >> 1}, ${32 + at}), sumScale))), ${at});`;
  };
  return `
/** \`activations\` and \`blockSums\`: those of the first of these rows, among \`padded\` rows. */
function q4Rows${rows}x${streams}(
  activations: usize, blockSums: usize, padded: usize, weights: usize, y: usize, yStride: usize, panels: usize, blocks: usize,
): void {
  const nibbles = v128.load(NIBBLES), zero = i32x4.splat(0);
  ${blockSums.constants}
  const recordStride = padded * Q4_ACTIVATIONS, end = activations + blocks * recordStride;
  const pairStride = padded << 2, sumsEnd = blockSums + <usize>pairsOf(blocks) * pairStride;
  const panelBytes = <usize>q4GroupBytes(blocks), ${panels.each};
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
        4,
        (word) => `{ ${perRow((row) => activations(row, word))}
        ${lines(2 * streams, (vector) => products(word, vector))} }
      ${exits.next(sums)}`,
      )}
      ${perRow((row) => `const scale${row} = v128.load32_splat(x, ${row} * Q4_ACTIVATIONS + Q4_ACTIVATIONS_SCALE);`)}
      ${perStream(
        (stream) => `{ const scales = v128.load(w${stream}, Q4_SCALES);
        ${scaled(2 * stream)}
        ${scaled(2 * stream + 1)}
        w${stream} += Q4_RECORD; }`,
      )}
    }
    let ${sums.map((_, sum) => `m${sum} = zero`).join(', ')};
    for (let pair = blockSums; pair < sumsEnd; pair += pairStride) {
      ${perRow((row) => `const sum${row} = v128.load32_splat(pair, ${row * 4});`)}
      ${lines(
        2 * streams,
        (vector) => `{ const minima = v128.load(w${vector >> 1}, ${(vector & 1) * 16});
        ${perRow((row) => `m${vector * rows + row} = i32x4.add(m${vector * rows + row}, i32x4.dot_i16x8_s(minima, sum${row}));`)} }`,
      )}
      ${perStream((stream) => `w${stream} += Q4_MINIMA_PAIR;`)}
    }
    ${panels.results}
    ${perRow((row) => `{ const sumScale = v128.load32_splat(sumsEnd, ${row * 4}); ${lines(2 * streams, (vector) => result(row, vector))} }`)}
    w0 += Q4_ROW_SCALES;
  }
}`;
}
