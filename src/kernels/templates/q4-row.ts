import { lines } from './lines.ts';
import { SideExits } from './side-exits.ts';

// q4Row: one row of x times q4 weights. This is what decoding does, and it runs at the speed of memory. One instance,
// without the unrolling:
//
//   for each group of 8 outputs:                          // lanes 0..3 are outputs 0..3 (t0, a0) and 4..7 (t1, a1)
//     a0 = a1 = 0                                         // float32
//     for each block of 32 inputs (record w, activations x):
//       for word = 0..3:                                  // 1. 8 codes of each output meet 8 activations
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
// Layouts: matrix-kernels.ts. Preconditions: x comes from quantizeForQ4 with one row; y has room for whole groups.

/**
 * The sums of a block fit 16 bits: a lane adds 16 products of at most 127 * 15. The addition of neighbouring lanes
 * needs a dot product anyway; multiplying by the block's integer scales in it, instead of by ones, does the scaling for
 * free. Activations are loaded 16 at a time and spread by shuffles, for the reason that q8-row.ts gives.
 */
export function q4Row(): string {
  const exits = new SideExits('x');
  const splat = (lane: number) => `v128.shuffle<i32>(x4, x4, ${lane}, ${lane}, ${lane}, ${lane})`;
  const half = (word: number, vector: number) => {
    const dots = 'i16x8.add(dot(low, v128.and(codes, nibbles)), dot(high, v128.and(i16x8.shr_u(codes, 4), nibbles)))';
    return `{ const codes = v128.load(w, ${word * 32 + vector * 16}); t${vector} = ${word ? `i16x8.add(t${vector}, ${dots})` : dots}; }`;
  };
  return `
function q4Row(activations: usize, weights: usize, y: usize, outputs: i32, blocks: usize): void {
  const nibbles = v128.load(NIBBLES), lowHalves = v128.load(LOW_HALVES), zero = i32x4.splat(0);
  const sums = activations + blocks * Q4_ACTIVATIONS, sumsEnd = sums + (<usize>pairsOf(blocks) << 2), sumScale = v128.load32_splat(sumsEnd);
  let w = weights;
  for (let output = 0; output < outputs; output += 8) {
    let a0 = zero, a1 = zero;
    for (let x = activations; x < sums; x += Q4_ACTIVATIONS) {
      let t0: v128, t1: v128, x4: v128;
      ${lines(
        4,
        (word) => `{ ${word % 2 ? '' : `x4 = v128.load(x, ${word * 8});`}
        const low = ${splat(word % 2 ? 2 : 0)}, high = ${splat(word % 2 ? 3 : 1)};
        ${half(word, 0)}
        ${half(word, 1)} }
      ${exits.next(['t0', 't1'])}`,
      )}
      const scale = v128.load32_splat(x, Q4_ACTIVATIONS_SCALE), scales = v128.load(w, Q4_SCALES);
      const scales0 = v128.or(v128.and(scales, lowHalves), i32x4.shl(scales, 16));
      const scales1 = v128.or(v128.andnot(scales, lowHalves), i32x4.shr_u(scales, 16));
      a0 = f32x4.add(a0, f32x4.mul(f32x4.convert_i32x4_s(i32x4.dot_i16x8_s(t0, scales0)), scale));
      a1 = f32x4.add(a1, f32x4.mul(f32x4.convert_i32x4_s(i32x4.dot_i16x8_s(t1, scales1)), scale));
      w += Q4_RECORD;
    }
    let m0 = zero, m1 = zero;
    for (let pair = sums; pair < sumsEnd; pair += 4) {
      const sum = v128.load32_splat(pair);
      m0 = i32x4.add(m0, i32x4.dot_i16x8_s(v128.load(w), sum));
      m1 = i32x4.add(m1, i32x4.dot_i16x8_s(v128.load(w, 16), sum));
      w += Q4_MINIMA_PAIR;
    }
    ${lines(
      2,
      (vector) => `v128.store(y, f32x4.sub(f32x4.mul(a${vector}, v128.load(w, ${vector * 16})),
      f32x4.mul(f32x4.convert_i32x4_s(m${vector}), f32x4.mul(v128.load(w, ${32 + vector * 16}), sumScale))), ${vector * 16});`,
    )}
    w += 64;
    y += 32;
  }
}`;
}
