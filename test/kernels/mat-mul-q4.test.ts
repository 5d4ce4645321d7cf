import { describe, expect, it } from 'vitest';
import { halfStep } from './half-step.ts';
import { QuantizedCase, type QuantizedResult } from './quantized-case.ts';

describe('matMulQ4', () => {
  it.each([
    [1, 8, 32],
    [1, 13, 100],
    [2, 8, 64],
    [3, 5, 33],
    [4, 16, 96],
    [5, 9, 31],
    [9, 24, 320],
    [17, 40, 7],
  ])(
    'should multiply %i rows by %i outputs of %i inputs within what quantization loses, and give each row alone the same bits',
    (rows, outputs, inputs) => {
      for (const zeroPointKind of [0, 1, 2] as const) {
        const result = new QuantizedCase({ kind: 'q4', rows, outputs, inputs, zeroPointKind }).run();
        expect(result.yAlone).toEqual(result.y);
        expectWithinBound(result, rows, outputs, inputs);
      }
    },
  );

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('should give %i rows the bits of each row alone, however streams overlap', (rows) => {
    for (const outputs of [8, 9, 72, 200]) {
      const result = new QuantizedCase({ kind: 'q4', rows, outputs, inputs: 70 }).run();
      expect(result.yAlone).toEqual(result.y);
    }
  });

  it.each([
    [4, 2048, 64], // 8 streams of 32 panels of 384 bytes would begin a multiple of 4 KiB apart
    [3, 1024, 64], // 4 streams
    [2, 512, 64], // 2 streams
  ])('should give %i rows the bits of each row alone for %i outputs of %i inputs', (rows, outputs, inputs) => {
    const result = new QuantizedCase({ kind: 'q4', rows, outputs, inputs }).run();
    expect(result.yAlone).toEqual(result.y);
  });

  it('should cope with zeros, negative scales, and scales and activations of any magnitude', () => {
    const scales = [0, -0.5, 1e-45, 1e-38, -1e-30, 1e20, 3];
    const result = new QuantizedCase({
      kind: 'q4',
      rows: 6,
      outputs: 21,
      inputs: 130,
      zeroPointKind: 2,
      scale: (_, output) => scales[output % scales.length],
      x: (random, row, input) => [0, 1e-45, 1e-33, 1e12, input < 32 ? 0 : 1, -random.next()][row],
    }).run();
    expect(result.yAlone).toEqual(result.y);
    for (const row of result.y) expect(row.every(Number.isFinite)).toBe(true);
    expectWithinBound(result, 6, 21, 130);
  });

  it('should not overflow if all codes, minima and activations are at their limits', () => {
    for (const inputs of [32, 1536, 6000]) {
      const result = new QuantizedCase({
        kind: 'q4',
        rows: 2,
        outputs: 8,
        inputs,
        zeroPointKind: 2,
        code: () => 255,
        scale: (_, output) => (output % 2 ? -1 : 1),
        zeroPoint: () => -1000,
        x: (_, row) => (row ? -1 : 1),
      }).run();
      expectWithinBound(result, 2, 8, inputs);
    }
  });

  it('should not overflow with the greatest number of inputs', () => {
    const result = new QuantizedCase({ kind: 'q4', rows: 1, outputs: 1, inputs: 131072, code: () => 0, scale: () => 1, x: () => 1 }).run();
    expect(result.y[0][0] / (-8 * 131072)).toBeCloseTo(1, 5);
  });
});

describe('gatherQ4', () => {
  it('should look up weights within half a step of their scale and minimum', () => {
    const inputs = 70;
    const result = new QuantizedCase({ kind: 'q4', rows: 1, outputs: 11, inputs, zeroPointKind: 2 }).run();
    for (const [output, row] of result.gathered.entries())
      for (const [input, value] of row.entries()) {
        const block = input >> 5;
        const exact = result.scale(output, block) * (result.code(output, input) - result.zeroPoint(output, block));
        const { scaleError, minimumError } = weightErrors(result, output, inputs);
        expect(Math.abs(value - exact)).toBeLessThanOrEqual(15 * scaleError + minimumError + Math.abs(exact) * 2 ** -20);
      }
  });
});

/** How far a block's scale and minimum may be from those in the file. */
function weightErrors(result: QuantizedResult, output: number, inputs: number): { scaleError: number; minimumError: number } {
  const blocks = Array.from({ length: Math.ceil(inputs / 32) }, (_, block) => block);
  const scales = blocks.map((block) => result.scale(output, block));
  const minima = blocks.map((block) => result.scale(output, block) * result.zeroPoint(output, block));
  return { scaleError: halfStep(scales, 32767), minimumError: halfStep(minima, 4095) };
}

/** Compares with the product of the file's weights in float64. The bound follows the format step by step. */
function expectWithinBound(result: QuantizedResult, rows: number, outputs: number, inputs: number): void {
  const { x, y } = result;
  const blocks = Math.ceil(inputs / 32);
  const sumLimit = Math.min(32767, Math.floor((2 ** 31 - 1) / (4095 * blocks)));
  for (let row = 0; row < rows; row++) {
    const block = Array.from({ length: blocks }, (_, index) => x[row].slice(index * 32, index * 32 + 32));
    const errors = block.map((values) => halfStep(values, 127));
    const sums = block.map((values) => values.reduce((sum, value) => sum + value, 0));
    const sumError = halfStep(
      sums.map((sum, index) => Math.abs(sum) + 32 * errors[index]),
      sumLimit,
    );
    for (let output = 0; output < outputs; output++) {
      const { scaleError, minimumError } = weightErrors(result, output, inputs);
      let exact = 0;
      let bound = 0;
      let magnitude = 0;
      for (const [index, values] of block.entries()) {
        const scale = result.scale(output, index);
        const zeroPoint = result.zeroPoint(output, index);
        bound += minimumError * (Math.abs(sums[index]) + 32 * errors[index] + sumError) + Math.abs(scale * zeroPoint) * sumError;
        for (const [at, value] of values.entries()) {
          const code = result.code(output, index * 32 + at);
          exact += value * scale * (code - zeroPoint);
          bound += scaleError * code * (Math.abs(value) + errors[index]) + Math.abs(scale * (code - zeroPoint)) * errors[index];
          magnitude += Math.abs(scale) * (code + Math.abs(zeroPoint)) * (Math.abs(value) + errors[index]);
        }
      }
      expect(Math.abs(y[row][output] - exact)).toBeLessThanOrEqual(bound + magnitude * (blocks + 8) * 2 ** -24 + 2 ** -120);
    }
  }
}
