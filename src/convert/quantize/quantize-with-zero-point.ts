import { f16round } from '@petamoriken/float16';
import type { BlockFit, BlockQuantizer } from './block-quantizer.ts';
import { quantizeSymmetric } from './quantize-symmetric.ts';

type Meaning = Omit<BlockFit, 'error'>;

/**
 * Codes to add to the last one, over all of which the search spreads the range of the values. A positive offset clips
 * the outermost values.
 */
const OFFSETS = Array.from({ length: 10 }, (_, index) => (index - 3) / 5);

/**
 * Quantizes with a whole zero point for each block, which takes as many bits as a code. For each of several scales
 * around the one that spreads the values over all codes, it fits scale and zero point by least squares to the codes, as
 * llama.cpp's make_qkx2_quants does, and rounds the best. The result of quantizeSymmetric is one of the candidates.
 */
export const quantizeWithZeroPoint: BlockQuantizer = (values, bits, codes) => {
  const lastCode = 2 ** bits - 1;
  const symmetric = quantizeSymmetric(values, bits, codes);
  const { scale, zeroPoint } = searchFit(values, lastCode);
  const fit = withLoss(values, { scale: f16round(scale), zeroPoint }, lastCode);
  if (symmetric && !(fit.error < symmetric.error)) return symmetric;
  if (!Number.isFinite(fit.scale)) return undefined;
  for (let index = 0; index < values.length; index++) codes[index] = toCode(values[index], fit, lastCode);
  return fit;
};

/** Returns the best scale and zero point before the scale is rounded. */
function searchFit(values: Float32Array, lastCode: number): Meaning {
  // The zero point is one of the codes, so the range must contain 0.
  let [low, high] = [0, 0];
  for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
  let best: BlockFit = { scale: 0, zeroPoint: 0, error: Number.POSITIVE_INFINITY };
  if (low === high) return best;
  for (const offset of OFFSETS) {
    const fit = fitCodes(values, (high - low) / (lastCode + offset), low, lastCode);
    // The error is NaN for a constant block, since any line goes through its one code. Such a block is left to
    // quantizeSymmetric.
    if (fit.error < best.error) best = fit;
  }
  return best;
}

/** Returns the scale and the whole zero point that fit the codes round((value - low) / scale) best. */
function fitCodes(values: Float32Array, scale: number, low: number, lastCode: number): BlockFit {
  const inverse = 1 / scale;
  const count = values.length;
  let [sum, squares, codeSum, codeSquares, products] = [0, 0, 0, 0, 0];
  for (let index = 0; index < count; index++) {
    const value = values[index];
    const code = Math.min(lastCode, ((value - low) * inverse + 0.5) | 0);
    sum += value;
    squares += value * value;
    codeSum += code;
    codeSquares += code * code;
    products += value * code;
  }
  const slope = (count * products - sum * codeSum) / (count * codeSquares - codeSum * codeSum);
  const intercept = (sum - slope * codeSum) / count;
  const zeroPoint = Math.max(0, Math.min(lastCode, Math.round(-intercept / slope)));
  // Once the zero point z is rounded, another scale fits best: Σx(q - z) / Σ(q - z)².
  const product = products - zeroPoint * sum;
  const square = codeSquares - 2 * zeroPoint * codeSum + count * zeroPoint * zeroPoint;
  return { scale: product / square, zeroPoint, error: squares - (product * product) / square };
}

function withLoss(values: Float32Array, meaning: Meaning, lastCode: number): BlockFit {
  let error = 0;
  for (let index = 0; index < values.length; index++) {
    const difference = values[index] - meaning.scale * (toCode(values[index], meaning, lastCode) - meaning.zeroPoint);
    error += difference * difference;
  }
  return { ...meaning, error };
}

/** Returns the nearest code. */
function toCode(value: number, { scale, zeroPoint }: Meaning, lastCode: number): number {
  const code = scale === 0 ? zeroPoint : (value / scale + zeroPoint + 0.5) | 0;
  return Math.max(0, Math.min(lastCode, code));
}
