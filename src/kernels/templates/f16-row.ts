import { lines, names } from './lines.ts';
import { SideExits } from './side-exits.ts';

// f16Row: one row of x times f16 weights. It is floatPanel with the conversion inside, and gives the same bits. One
// instance, f16RowModerate, without the unrolling:
//
//   for each group of 16 outputs:
//     t0..t3 = 0                                          // outputs 0..3, 4..7, 8..11, 12..15
//     for each input:
//       s = x[input] * 2^112                              // repeated over the vector
//       words = v128.load(w)                              // outputs 0..3 in the low halves, 4..7 in the high ones
//       t0 += s * smallLowHalves(words);  t1 += s * smallHighHalves(words)
//       words = v128.load(w, 16)
//       t2 += s * smallLowHalves(words);  t3 += s * smallHighHalves(words)
//       a side exit, see side-exits.ts
//     y = t0..t3
//
// Preconditions: weights are finite; y has room for whole groups.

/** How many inputs are unrolled. */
const UNROLLED = 2;

/**
 * Weights come out of their halves 2^112 times too small (see assembly/inline/half.ts). If no activation reaches 2^15,
 * the kernel multiplies the activation by 2^112 instead, once for 16 weights: a power of two does not change a
 * mantissa, so that the products are the same. With larger activations that would overflow, and the weights are
 * multiplied.
 */
export function f16Row(): string {
  return `
/** Whether all magnitudes are below 2^15. */
function isModerate(x: usize, inputs: usize): bool {
  let most = f32x4.splat(0), at = x;
  for (const end = x + ((inputs & ~3) << 2); at < end; at += 16) most = f32x4.pmax(most, f32x4.abs(v128.load(at)));
  for (const end = x + (inputs << 2); at < end; at += 4) most = f32x4.pmax(most, f32x4.abs(v128.load32_zero(at)));
  return !v128.any_true(f32x4.ge(most, f32x4.splat(32768)));
}
${kernel('f16RowModerate', {
  activation: (offset) => `f32x4.mul(v128.load32_splat(at, ${offset}), scale)`,
  low: 'smallLowHalves(words, bits, shift)',
  high: 'smallHighHalves(words, bits)',
})}
${kernel('f16RowAny', {
  activation: (offset) => `v128.load32_splat(at, ${offset})`,
  low: 'lowHalves(words, bits, shift, scale)',
  high: 'highHalves(words, bits, scale)',
})}
function f16Row(x: usize, weights: usize, y: usize, outputs: i32, inputs: usize): void {
  if (isModerate(x, inputs)) f16RowModerate(x, weights, y, outputs, inputs);
  else f16RowAny(x, weights, y, outputs, inputs);
}`;
}

interface Conversion {
  readonly activation: (offset: number) => string;
  /** The weights in the low halves of `words`, and those in the high halves. */
  readonly low: string;
  readonly high: string;
}

function kernel(name: string, { activation, low, high }: Conversion): string {
  const exits = new SideExits('at');
  const sums = names('t', 4);
  const step = (index: number) => `{ const s = ${activation(index * 4)};
        ${lines(
          2,
          (vector) => `{ const words = v128.load(w, ${index * 32 + vector * 16});
        t${vector * 2} = f32x4.add(t${vector * 2}, f32x4.mul(s, ${low}));
        t${vector * 2 + 1} = f32x4.add(t${vector * 2 + 1}, f32x4.mul(s, ${high})); }`,
        )} }
      ${exits.next(sums)}`;
  return `
function ${name}(x: usize, weights: usize, y: usize, outputs: i32, inputs: usize): void {
  const bits = v128.load(HALF_BITS), scale = v128.load(HALF_SCALE), zero = f32x4.splat(0), shift = v128.load(HALF_SHIFT);
  const end = x + (inputs << 2), unrolledEnd = x + ((inputs & ~${UNROLLED - 1}) << 2);
  let w = weights;
  for (let output = 0; output < outputs; output += 16) {
    let ${sums.map((sum) => `${sum} = zero`).join(', ')}, at = x;
    while (at < unrolledEnd) {
      ${lines(UNROLLED, step)}
      at += ${UNROLLED * 4};
      w += ${UNROLLED * 32};
    }
    while (at < end) {
      ${step(0)}
      at += 4;
      w += 32;
    }
    ${sums.map((sum, index) => `v128.store(y, ${sum}, ${index * 16});`).join(' ')}
    y += 64;
  }
}`;
}
