import { lines, names } from './lines.ts';
import { SideExits } from './side-exits.ts';

/** Inputs that are unrolled. */
const UNROLLED = 2;

/** One row of x times f16 weights, 16 outputs at a time: floatPanel with the conversion inside, and the same bits. */
export function f16Row(): string {
  const exits = new SideExits('at');
  const sums = names('t', 4);
  const step = (index: number) => `{ const s = v128.load32_splat(at, ${index * 4});
        ${lines(
          2,
          (vector) => `{ const words = v128.load(w, ${index * 32 + vector * 16});
        t${vector * 2} = f32x4.add(t${vector * 2}, f32x4.mul(s, lowHalves(words, bits, scale)));
        t${vector * 2 + 1} = f32x4.add(t${vector * 2 + 1}, f32x4.mul(s, highHalves(words, bits, scale))); }`,
        )} }
      ${exits.next(sums)}`;
  return `
function f16Row(x: usize, weights: usize, y: usize, outputs: i32, inputs: usize): void {
  const bits = v128.load(HALF_BITS), scale = v128.load(HALF_SCALE), zero = f32x4.splat(0);
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
