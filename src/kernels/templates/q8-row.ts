import { lines } from './lines.ts';
import { SideExits } from './side-exits.ts';

// q8Row: one row of x times q8 weights. One instance, without the unrolling:
//
//   for each group of 8 outputs:                          // lanes 0..3 are outputs 0..3 (t0, a0) and 4..7 (t1, a1)
//     a0 = a1 = 0                                         // float32
//     for each block of 32 inputs (record w, activations x):
//       for pair = 0..15:                                 // 1. two codes of each output meet two activations
//         s = x[2 pair, 2 pair + 1]                       // two int16, repeated over the vector
//         t0 += dot_i16x8_s(load8x8_s(w, 16 pair), s)     // int32
//         t1 += dot_i16x8_s(load8x8_s(w, 16 pair + 8), s)
//         after each second pair: a side exit, see side-exits.ts
//       a0 += f32(t0) * (f32(block scales 0..3) * scale of x)                 // 2.
//       a1 += ...
//     y = a * row scales                                  // 3.
//
// A block's sum is at most 32 * 128 * 32767, which fits 32 bits. Layouts: matrix-kernels.ts. Preconditions: x comes
// from quantizeForQ8 with one row; y has room for whole groups.

/**
 * Activations are loaded eight at a time and spread by shuffles: a host that checks the bounds of each load, as workerd
 * does, pays more for loads than for anything else.
 */
export function q8Row(): string {
  const exits = new SideExits('x');
  const pair = (index: number) => {
    const product = (vector: number) => `i32x4.dot_i16x8_s(v128.load8x8_s(w, ${index * 16 + vector * 8}), s)`;
    const sum = (vector: number) => `t${vector} = ${index ? `i32x4.add(t${vector}, ${product(vector)})` : product(vector)};`;
    const four = `${index % 4 ? '' : `x4 = v128.load(x, ${index * 4});`}`;
    const lane = index % 4;
    return `{ ${four} const s = v128.shuffle<i32>(x4, x4, ${lane}, ${lane}, ${lane}, ${lane}); ${sum(0)} ${sum(1)} }
      ${index % 2 ? exits.next(['t0', 't1']) : ''}`;
  };
  return `
function q8Row(activations: usize, weights: usize, y: usize, outputs: i32, blocks: usize): void {
  const zero = i32x4.splat(0), end = activations + blocks * Q8_ACTIVATIONS;
  let w = weights;
  for (let output = 0; output < outputs; output += 8) {
    let a0 = zero, a1 = zero;
    for (let x = activations; x < end; x += Q8_ACTIVATIONS) {
      let t0: v128, t1: v128, x4: v128;
      ${lines(16, pair)}
      const scale = v128.load32_splat(x, Q8_ACTIVATIONS_SCALE);
      ${lines(
        2,
        (vector) => `a${vector} = f32x4.add(a${vector}, f32x4.mul(f32x4.convert_i32x4_s(t${vector}),
        f32x4.mul(f32x4.convert_i32x4_s(v128.load16x4_s(w, Q8_SCALES + ${vector * 8})), scale)));`,
      )}
      w += Q8_RECORD;
    }
    v128.store(y, f32x4.mul(a0, v128.load(w)));
    v128.store(y, f32x4.mul(a1, v128.load(w, 16)), 16);
    w += 32;
    y += 32;
  }
}`;
}
