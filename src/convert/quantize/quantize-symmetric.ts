import { f16round } from '@petamoriken/float16';
import type { BlockFit, BlockQuantizer } from './block-quantizer.ts';

/**
 * Distances, in codes, from the last code to where the search puts the largest value. A value that is put beyond the
 * last code is clipped for the sake of the many small ones. Half as many offsets lose 0.1 % more; twice as many gain
 * nothing.
 */
const OFFSETS = Array.from({ length: 10 }, (_, index) => (index - 5) / 5);

/**
 * Quantizes around the fixed zero point 2^(bits - 1), which is not stored. It tries scales around those that put the
 * largest value at either end of the codes. (There is one more code below the zero point than above it, so that a scale
 * may be negative.) It fits each by least squares to the codes that it gives, as llama.cpp's make_qx_quants does, and
 * rounds the best one to float16.
 */
export const quantizeSymmetric: BlockQuantizer = (values, bits, codes) => {
  const zeroPoint = 2 ** (bits - 1);
  const extreme = largest(values);
  const fitted = f16round(searchScale(values, zeroPoint, extreme));
  if (!Number.isFinite(fitted)) return undefined;
  // Rounding to float16 may lose what the search has gained, so the plain scale, and 0, remain candidates.
  const scales = [fitted, f16round(extreme / (zeroPoint - 1)), 0].filter(Number.isFinite);
  const fits = scales.map((scale) => ({ scale, zeroPoint, error: lossAt(values, zeroPoint, scale) }));
  const best = fits.reduce((least, fit) => (fit.error < least.error ? fit : least));
  encode(values, best, codes);
  return best;
};

/** Returns the value that is farthest from zero. */
function largest(values: Float32Array): number {
  let found = 0;
  for (const value of values) if (Math.abs(value) > Math.abs(found)) found = value;
  return found;
}

/**
 * Returns the best scale before it is rounded. The best s for given codes q leaves Σ(x - s q)² = Σx² - (Σxq)² / Σq², so
 * only the last term has to be compared.
 */
function searchScale(values: Float32Array, zeroPoint: number, extreme: number): number {
  if (extreme === 0) return 0;
  let best = 0;
  let most = 0;
  for (const end of [-zeroPoint, zeroPoint - 1]) {
    for (const offset of OFFSETS) {
      const inverse = (end + offset) / extreme;
      let products = 0;
      let squares = 0;
      for (let index = 0; index < values.length; index++) {
        const steps = toCode(values[index] * inverse, zeroPoint) - zeroPoint;
        products += values[index] * steps;
        squares += steps * steps;
      }
      const gain = (products * products) / squares;
      if (gain > most) [most, best] = [gain, products / squares];
    }
  }
  return best;
}

function lossAt(values: Float32Array, zeroPoint: number, scale: number): number {
  const inverse = scale === 0 ? 0 : 1 / scale;
  let error = 0;
  for (let index = 0; index < values.length; index++) {
    const value = values[index];
    error += (value - scale * (toCode(value * inverse, zeroPoint) - zeroPoint)) ** 2;
  }
  return error;
}

function encode(values: Float32Array, { scale, zeroPoint }: BlockFit, codes: Uint8Array): void {
  const inverse = scale === 0 ? 0 : 1 / scale;
  for (let index = 0; index < values.length; index++) codes[index] = toCode(values[index] * inverse, zeroPoint);
}

/** Returns the code nearest to `steps` scales from zero. */
function toCode(steps: number, zeroPoint: number): number {
  // Truncating is several times as fast as Math.round, and gives other results only below zero, where codes are clamped
  // anyway.
  const code = (steps + zeroPoint + 0.5) | 0;
  if (code < 0) return 0;
  return code < 2 * zeroPoint ? code : 2 * zeroPoint - 1;
}
