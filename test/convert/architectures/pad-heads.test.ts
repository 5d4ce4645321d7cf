import { describe, expect, it } from 'vitest';
import { padHeadColumns, padHeadRows } from '../../../src/convert/architectures/pad-heads.ts';
import type { QuantizedBlocks } from '../../../src/convert/tensors/tensor-source.ts';

/** Two heads of two rows, [4, 64], with two blocks of 32 in each row. */
function quantized() {
  const blocks: QuantizedBlocks = {
    bits: 4,
    codes: Uint8Array.from({ length: 256 }, (_, index) => (index * 7) % 16),
    scales: Float32Array.from({ length: 8 }, (_, index) => index + 1),
    zeroPoints: new Float32Array(8).fill(8),
  };
  return { shape: [4, 64], values: dequantize(blocks), blocks };
}

function dequantize({ codes, scales, zeroPoints }: QuantizedBlocks): Float32Array {
  return Float32Array.from(codes, (code, index) => scales[index >> 5] * (code - zeroPoints[index >> 5]) + 0);
}

describe('padHeadRows', () => {
  it('should append rows of zeros to each head', () => {
    const { shape, values } = padHeadRows({ shape: [4, 1], values: Float32Array.of(1, 2, 3, 4) }, { from: 2, to: 3 });
    expect(shape).toEqual([6, 1]);
    expect([...values]).toEqual([1, 2, 0, 3, 4, 0]);
  });

  it('should keep quantized blocks, and add blocks that mean zero', () => {
    const { shape, values, blocks } = padHeadRows(quantized(), { from: 2, to: 3 });
    expect(shape).toEqual([6, 64]);
    expect(blocks!.scales.length).toBe(12);
    expect(dequantize(blocks!)).toEqual(values);
    expect(new Set(blocks!.zeroPoints)).toEqual(new Set([8]));
    expect(values.subarray(2 * 64, 3 * 64).every((value) => value === 0)).toBe(true);
    expect(values.subarray(3 * 64, 5 * 64)).toEqual(quantized().values.subarray(2 * 64));
  });

  it('should return a weight that needs no padding as it is', () => {
    const weight = quantized();
    expect(padHeadRows(weight, { from: 2, to: 2 })).toBe(weight);
    expect(padHeadColumns(weight, { from: 32, to: 32 })).toBe(weight);
  });

  it('should refuse to grow a weight beyond the limit', () => {
    const values = { length: 2 ** 28, BYTES_PER_ELEMENT: 4 } as Float32Array;
    expect(() => padHeadRows({ shape: [2 ** 18, 2 ** 10], values }, { from: 1, to: 16 })).toThrow(
      'heads of 1024 values padded to 16384 take 17179869184 bytes, over the limit of 2147483648',
    );
  });
});

describe('padHeadColumns', () => {
  it('should append zeros to each head, and drop blocks that no longer fit', () => {
    const { shape, values, blocks } = padHeadColumns(quantized(), { from: 8, to: 16 });
    expect(shape).toEqual([4, 128]);
    expect([...values.subarray(0, 16)]).toEqual([...quantized().values.subarray(0, 8), 0, 0, 0, 0, 0, 0, 0, 0]);
    expect(blocks).toBeUndefined();
  });
});
