import type { BlockSums } from './block-sums.ts';
import { lines } from './lines.ts';
import { Tile } from './tile.ts';

// q4Tile: many rows of x times q4 weights. A record of 8 outputs is unpacked once for all rows, into scratch that stays
// in the first-level cache. One instance, without the unrolling:
//
//   for each group of 8 outputs:
//     sums[all rows][8] = 0                               // float32, in scratch
//     for each block of 32 inputs:
//       1. unpack: scratch[0..255] = codes, one in each byte
//                  scratch[256..287] = 8 block scales, each in both halves of a word
//       2. for 4 rows x0..x3 at a time:     // a tile (tile.ts): 2 vectors of outputs times 4 rows, 8 sums t0_0 .. t1_3
//            for step = 0..7:
//              w0 = v128.load(scratch, 32 step), w1 = v128.load(scratch, 32 step + 16)
//              s = v128.load32_splat(x0, 4 step);  t0_0 += dot(s, w0);  t1_0 += dot(s, w1)
//              s = v128.load32_splat(x1, 4 step);  t0_1 += dot(s, w0);  t1_1 += dot(s, w1)
//              ... x2, x3, and a side exit, see side-exits.ts
//            sums[row] += f32(dot_i16x8_s(t, block scales)) * scale of the row of x
//     3. for 4 rows at a time: multiply the minima with the block sums of x, and
//        y = sums * row scales - f32(minima) * (row minimum scales * scale of the sums)
//
// Each number is computed in the order of q4Row, so both give the same bits. Layouts: matrix-kernels.ts. Preconditions:
// x comes from quantizeForQ4 with 2 rows or more; scratch has matrixScratchBytes(rows).

/** Rows of x in a tile. */
const ROWS = 4;
/**
 * Where the sums of all rows begin in scratch. A record's 256 bytes of codes and 32 bytes of scales lie before them;
 * any multiple of 64 above those would do.
 */
const SUMS = 512;

export function q4Tile(blockSums: BlockSums): string {
  const block = new Tile(2, ROWS, 'x0');
  const minima = new Tile(2, ROWS, 'pair');
  const unpack = (word: number, vector: number) => `{ const codes = v128.load(w, ${word * 32 + vector * 16});
        v128.store(scratch, v128.and(codes, nibbles), ${word * 64 + vector * 16});
        v128.store(scratch, v128.and(i16x8.shr_u(codes, 4), nibbles), ${word * 64 + 32 + vector * 16}); }`;
  const step = (index: number) =>
    block.step({
      weights: (vector) => `v128.load(scratch, ${index * 32 + vector * 16})`,
      activations: (row) => `v128.load32_splat(x${row}, ${index * 4})`,
      add: blockSums.add,
      begins: index === 0,
    });
  const pairStep = minima.step({
    weights: (vector) => `v128.load(minima, ${vector * 16})`,
    activations: (row) => `v128.load32_splat(pair, ${row * 4})`,
    add: (sum, x, w) => `i32x4.add(${sum}, i32x4.dot_i16x8_s(${x}, ${w}))`,
    begins: false,
  });
  const scaled = (row: number, vector: number) => {
    const at = row * 32 + vector * 16;
    const product = `f32x4.mul(${blockSums.scaled(block.sum(vector, row), `scales${vector}`)}, scale)`;
    return `v128.store(sum, f32x4.add(v128.load(sum, ${at}), ${product}), ${at});`;
  };
  const finished = (row: number, vector: number) => `v128.store(to, f32x4.sub(
          f32x4.mul(v128.load(sum, ${row * 32 + vector * 16}), v128.load(rowScales, ${vector * 16})),
          f32x4.mul(f32x4.convert_i32x4_s(${minima.sum(vector, row)}), f32x4.mul(v128.load(rowScales, ${32 + vector * 16}), scale))), ${vector * 16});`;
  return `
function q4Tile(activations: usize, weights: usize, y: usize, yStride: usize, rows: i32, outputs: i32, blocks: usize, scratch: usize): void {
  const nibbles = v128.load(NIBBLES), zero = i32x4.splat(0);
  ${blockSums.constants}
  const padded = <usize>paddedRows(rows), sums = scratch + ${SUMS}, sumsEnd = sums + (padded << 5);
  const recordStride = padded * Q4_ACTIVATIONS, blockSums = activations + blocks * recordStride, pairStride = padded << 2;
  const blockSumScales = blockSums + <usize>pairsOf(blocks) * pairStride, minimaBytes = <usize>pairsOf(blocks) * Q4_MINIMA_PAIR;
  let w = weights;
  for (let output = 0; output < outputs; output += 8) {
    for (let sum = sums; sum < sumsEnd; sum += 32) { v128.store(sum, zero); v128.store(sum, zero, 16); }
    for (let records = activations; records < blockSums; records += recordStride) {
      ${lines(8, (index) => unpack(index >> 1, index & 1))}
      { const scales = v128.load(w, Q4_SCALES);
        v128.store(scratch, ${blockSums.scales(0)}, 256);
        v128.store(scratch, ${blockSums.scales(1)}, 272); }
      w += Q4_RECORD;
      let x0 = records;
      for (let sum = sums; sum < sumsEnd; sum += ${ROWS * 32}) {
        const x1 = x0 + Q4_ACTIVATIONS, x2 = x1 + Q4_ACTIVATIONS, x3 = x2 + Q4_ACTIVATIONS;
        let ${block.sums.map((sum) => `${sum}: v128`).join(', ')};
        ${lines(8, step)}
        const scales0 = v128.load(scratch, 256), scales1 = v128.load(scratch, 272);
        ${lines(
          ROWS,
          (row) => `{ const scale = v128.load32_splat(x${row}, Q4_ACTIVATIONS_SCALE);
          ${scaled(row, 0)}
          ${scaled(row, 1)} }`,
        )}
        x0 += ${ROWS} * Q4_ACTIVATIONS;
      }
    }
    const rowScales = w + minimaBytes;
    let to = y + (<usize>output << 2), pairs = blockSums, scales = blockSumScales, left = rows;
    for (let sum = sums; sum < sumsEnd; sum += ${ROWS * 32}) {
      let ${minima.sums.map((sum) => `${sum} = zero`).join(', ')}, pair = pairs;
      for (let minima = w; minima < rowScales; minima += Q4_MINIMA_PAIR) {
        ${pairStep}
        pair += pairStride;
      }
      ${lines(
        ROWS,
        (row) => `${row ? `if (left > ${row}) ` : ''}{ const scale = v128.load32_splat(scales, ${row * 4});
        ${finished(row, 0)}
        ${finished(row, 1)}
        to += yStride; }`,
      )}
      left -= ${ROWS};
      pairs += ${ROWS * 4};
      scales += ${ROWS * 4};
    }
    w = rowScales + 64;
  }
}`;
}
