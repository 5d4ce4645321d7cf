import { f16round } from '@petamoriken/float16';
import { describe, expect, it } from 'vitest';
import type { BlockFit, BlockQuantizer } from '../../src/convert/quantize/block-quantizer.ts';
import { packCodes, packZeroPoints } from '../../src/convert/quantize/pack-blocks.ts';
import { quantizeRows } from '../../src/convert/quantize/quantize-rows.ts';
import { quantizeSymmetric } from '../../src/convert/quantize/quantize-symmetric.ts';
import { quantizeWithZeroPoint } from '../../src/convert/quantize/quantize-with-zero-point.ts';
import { transpose } from '../../src/convert/tensors/transpose.ts';
import { SeededRandom } from '../generation/seeded-random.ts';

const QUANTIZERS = [
  { name: 'quantizeSymmetric', quantize: quantizeSymmetric },
  { name: 'quantizeWithZeroPoint', quantize: quantizeWithZeroPoint },
];
const CASES = QUANTIZERS.flatMap((quantizer) => [
  { ...quantizer, bits: 4 as const },
  { ...quantizer, bits: 8 as const },
]);

/** Computes the error that a fit and its codes really make. */
function lossOf(values: Float32Array, codes: Uint8Array, { scale, zeroPoint }: Omit<BlockFit, 'error'>): number {
  return values.reduce((sum, value, index) => sum + (value - scale * (codes[index] - zeroPoint)) ** 2, 0);
}

/** The scale that puts the largest value at the last code, as in max / 7. */
function naiveLoss(values: Float32Array, bits: number): number {
  const last = 2 ** (bits - 1) - 1;
  const scale = f16round(values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0) / last);
  const codes = Uint8Array.from(values, (value) => Math.max(0, Math.min(2 * last + 1, Math.round(value / scale) + last + 1)));
  return lossOf(values, codes, { scale, zeroPoint: last + 1 });
}

/**
 * Makes blocks like those of weights: some bell-shaped, some flat, some with one outlier, some all on one side of zero.
 */
function randomBlock(random: () => number, kind: number): Float32Array {
  const bell = () => random() + random() + random() - 1.5;
  const size = 10 ** (4 * random() - 3);
  const block = Float32Array.from({ length: 32 }, () => size * (kind % 2 === 0 ? bell() : random() - 0.5));
  if (kind % 3 === 1) block[5] *= 8;
  return kind % 4 === 3 ? block.map(Math.abs) : block;
}

function run(quantize: BlockQuantizer, values: Float32Array, bits: 4 | 8) {
  const codes = new Uint8Array(values.length);
  const fit = quantize(values, bits, codes)!;
  return { codes, fit, loss: lossOf(values, codes, fit) };
}

describe.each(CASES)('$name with $bits bits', ({ quantize, bits }) => {
  it('should never lose more than the plain scale does, and usually less', () => {
    const source = new SeededRandom(1);
    const random = () => source.next();
    let [own, naive] = [0, 0];
    for (let index = 0; index < 400; index++) {
      const values = randomBlock(random, index);
      const { fit, loss, codes } = run(quantize, values, bits);
      const squares = values.reduce((sum, value) => sum + value * value, 0);
      expect(loss).toBeLessThanOrEqual(naiveLoss(values, bits) + 1e-12 * squares);
      expect(Math.abs(loss - fit.error)).toBeLessThanOrEqual(1e-9 * squares);
      expect(f16round(fit.scale)).toBe(fit.scale);
      expect(Math.max(...codes)).toBeLessThan(2 ** bits);
      own += loss / squares;
      naive += naiveLoss(values, bits) / squares;
    }
    expect(own).toBeLessThan(0.9 * naive);
  });

  it('should lose nothing of values that blocks can hold', () => {
    const source = new SeededRandom(2);
    const random = () => source.next();
    for (let index = 0; index < 100; index++) {
      const scale = f16round(10 ** (4 * random() - 3));
      const codes = Uint8Array.from({ length: 32 }, () => Math.floor(random() * 2 ** bits));
      // The whole range is in use, so there is no doubt about which codes were meant.
      codes.set([0, 2 ** bits - 1]);
      const values = Float32Array.from(codes, (code) => scale * (code - 2 ** (bits - 1)));
      expect(run(quantize, values, bits).loss).toBe(0);
    }
  });

  it('should keep a constant block to the precision of its scale, and zeros exactly', () => {
    for (const value of [0.1, -3.7, 1000]) {
      const { loss } = run(quantize, new Float32Array(32).fill(value), bits);
      expect(Math.sqrt(loss / 32)).toBeLessThanOrEqual(Math.abs(value) * 2 ** -11);
    }
    const { fit, codes } = run(quantize, new Float32Array(32), bits);
    expect(fit).toEqual({ scale: 0, zeroPoint: 2 ** (bits - 1), error: 0 });
    expect(new Set(codes)).toEqual(new Set([2 ** (bits - 1)]));
  });

  it('should handle scales of few bits, and values too small for any scale', () => {
    for (const size of [1e-5, 1e-6, 3e-7, 1e-8, 1e-30, 1e-45]) {
      const values = Float32Array.from({ length: 32 }, (_, index) => size * Math.sin(index));
      const { loss, fit } = run(quantize, values, bits);
      expect(Number.isFinite(fit.scale)).toBe(true);
      expect(loss).toBeLessThanOrEqual(values.reduce((sum, value) => sum + value * value, 0));
    }
  });

  it('should take blocks of any length up to 32', () => {
    for (const length of [1, 8, 31]) {
      const values = Float32Array.from({ length }, (_, index) => Math.cos(index));
      expect(run(quantize, values, bits).loss).toBeLessThanOrEqual(naiveLoss(values, bits) + 1e-12);
    }
  });

  it('should return undefined exactly when the scale is beyond float16', () => {
    const values = new Float32Array(32).fill(0.5);
    values[3] = 65504 * (2 ** (bits - 1) - 1);
    expect(run(quantize, values, bits).fit.scale).toBeGreaterThan(60000);
    values[3] = 1e9;
    expect(quantize(values, bits, new Uint8Array(32))).toBeUndefined();
  });
});

describe('quantizeWithZeroPoint', () => {
  it('should use all codes for values on one side of zero', () => {
    const values = Float32Array.from({ length: 32 }, (_, index) => index / 31);
    const { fit, loss } = run(quantizeWithZeroPoint, values, 4);
    expect(fit.zeroPoint).toBe(0);
    expect(loss).toBeLessThan(0.3 * run(quantizeSymmetric, values, 4).loss);
  });
});

describe('quantizeRows', () => {
  it('should start a block with every row', () => {
    const values = Float32Array.from({ length: 2 * 40 }, (_, index) => Math.sin(index));
    const { codes, scales, zeroPoints } = quantizeRows({ values, width: 40 }, 'w', 4, quantizeSymmetric);
    expect([codes.length, scales.length, zeroPoints.length]).toEqual([80, 4, 4]);
    expect(scales[2]).toBe(run(quantizeSymmetric, values.subarray(40, 72), 4).fit.scale);
    expect(scales[3]).toBe(run(quantizeSymmetric, values.subarray(72, 80), 4).fit.scale);
  });

  it.each([
    { value: Number.NaN, message: 'layers.0.up.weight: value 33 is NaN' },
    { value: Number.NEGATIVE_INFINITY, message: 'layers.0.up.weight: value 33 is -Infinity' },
    {
      value: 1e8,
      message: "layers.0.up.weight: the scale for values 32 to 63 is beyond float16's limit of 65504; convert to fp32 instead",
    },
  ])('should refuse $value by name', ({ value, message }) => {
    const values = new Float32Array(64);
    values[33] = value;
    expect(() => quantizeRows({ values, width: 32 }, 'layers.0.up.weight', 4, quantizeSymmetric)).toThrow(message);
  });
});

describe('packing', () => {
  const blocks = (bits: 4 | 8, codes: readonly number[], zeroPoints: readonly number[]) => ({
    bits,
    codes: Uint8Array.from(codes),
    scales: new Float32Array(zeroPoints.length),
    zeroPoints: Float32Array.from(zeroPoints),
  });

  it('should put the first of two codes into the lower half of a byte, and pad each row', () => {
    const packed = packCodes(blocks(4, [1, 2, 3, 4, 5, 6], [8, 8]), 3);
    expect(packed.length).toBe(2 * 16);
    expect([...packed.subarray(0, 3), ...packed.subarray(16, 19)]).toEqual([0x21, 0x03, 0, 0x54, 0x06, 0]);
    expect(packCodes(blocks(8, [1, 2, 3, 4], [8, 8]), 2).subarray(32, 35)).toEqual(Uint8Array.of(3, 4, 0));
  });

  it('should pack zero points by row', () => {
    expect([...packZeroPoints(blocks(4, [], [1, 2, 3, 4, 5, 6]), 3)]).toEqual([0x21, 0x03, 0x54, 0x06]);
    expect([...packZeroPoints(blocks(8, [], [1, 2, 3, 4]), 2)]).toEqual([1, 2, 3, 4]);
  });
});

it('should transpose', () => {
  expect([...transpose(Float32Array.of(1, 2, 3, 4, 5, 6), 2, 3)]).toEqual([1, 4, 2, 5, 3, 6]);
});
