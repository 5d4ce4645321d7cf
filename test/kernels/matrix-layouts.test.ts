import { describe, expect, it } from 'vitest';
import {
  MAX_MATRIX_INPUTS,
  MAX_MATRIX_OUTPUTS,
  MAX_MATRIX_ROWS,
  matrixBytes,
  matrixScratchBytes,
  paddedOutputs,
  q4ActivationBytes,
  q8ActivationBytes,
} from '../../src/kernels/matrix-layouts.ts';

describe('matrixBytes', () => {
  it('should take 5, 8.5, 16 and 32 bits per weight, plus row scales and padding', () => {
    const bits = (kind: Parameters<typeof matrixBytes>[0]) => (matrixBytes(kind, 4096, 4096) * 8) / 4096 ** 2;
    expect(bits('q4')).toBeCloseTo(5, 1);
    expect(bits('q8')).toBeCloseTo(8.5, 1);
    expect(bits('f16')).toBe(16);
    expect(bits('f32')).toBe(32);
    expect(matrixBytes('q4', 1, 1)).toBe(144 + 32 + 64);
    expect(matrixBytes('q8', 9, 33)).toBe(2 * (2 * 272 + 32));
    expect(matrixBytes('f16', 17, 3)).toBe(2 * 3 * 32);
  });

  it('should reject a number that is not a count or exceeds its cap', () => {
    for (const outputs of [0, -8, 1.5, Number.NaN, MAX_MATRIX_OUTPUTS + 1])
      expect(() => matrixBytes('q4', outputs, 32)).toThrow(RangeError);
    for (const inputs of [0, MAX_MATRIX_INPUTS + 1]) {
      expect(() => matrixBytes('f32', 16, inputs)).toThrow(`inputs must be 1 to 131072, not ${inputs}`);
      expect(() => q4ActivationBytes(1, inputs)).toThrow(RangeError);
      expect(() => q8ActivationBytes(1, inputs)).toThrow(RangeError);
    }
    expect(() => matrixScratchBytes(MAX_MATRIX_ROWS + 1)).toThrow(RangeError);
  });
});

describe('sizes', () => {
  it('should be multiples of 16, so that one region can follow another', () => {
    for (const rows of [1, 2, 5, 64])
      for (const inputs of [1, 33, 576]) {
        expect(q4ActivationBytes(rows, inputs) % 16).toBe(0);
        expect(q8ActivationBytes(rows, inputs) % 16).toBe(0);
        expect(matrixScratchBytes(rows) % 16).toBe(0);
        for (const kind of ['q4', 'q8', 'f16', 'f32'] as const) expect(matrixBytes(kind, rows, inputs) % 16).toBe(0);
      }
  });

  it('should give y room for whole groups', () => {
    expect(paddedOutputs('q4', 9)).toBe(16);
    expect(paddedOutputs('f32', 16)).toBe(16);
  });
});
