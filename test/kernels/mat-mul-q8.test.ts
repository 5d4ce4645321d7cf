import { describe, expect, it } from 'vitest';
import { halfStep } from './half-step.ts';
import { QuantizedCase, type QuantizedResult } from './quantized-case.ts';

describe('matMulQ8', () => {
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
    'should multiply %i rows by %i outputs of %i inputs, nearly without loss, and give each row alone the same bits',
    (rows, outputs, inputs) => {
      const result = new QuantizedCase({ kind: 'q8', rows, outputs, inputs }).run();
      expect(result.yAlone).toEqual(result.y);
      expectWithinBound(result, rows, outputs, inputs);
    },
  );

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('should give %i rows the bits of each row alone, however streams overlap', (rows) => {
    for (const outputs of [8, 9, 72, 200]) {
      const result = new QuantizedCase({ kind: 'q8', rows, outputs, inputs: 70 }).run();
      expect(result.yAlone).toEqual(result.y);
    }
  });

  it.each([
    [2, 4096, 64], // 8 streams of 64 panels of 576 bytes would begin a multiple of 4 KiB apart
    [1, 1024, 64], // 2 streams
  ])('should give %i rows the bits of each row alone for %i outputs of %i inputs', (rows, outputs, inputs) => {
    const result = new QuantizedCase({ kind: 'q8', rows, outputs, inputs }).run();
    expect(result.yAlone).toEqual(result.y);
  });

  it('should cope with zeros, negative scales, and scales and activations of any magnitude', () => {
    const scales = [0, -0.5, 1e-45, 1e-38, -1e-30, 1e20, 3];
    const result = new QuantizedCase({
      kind: 'q8',
      rows: 6,
      outputs: 21,
      inputs: 130,
      scale: (_, output) => scales[output % scales.length],
      x: (random, row, input) => [0, 1e-45, 1e-33, 1e12, input < 32 ? 0 : 1, -random.next()][row],
    }).run();
    expect(result.yAlone).toEqual(result.y);
    for (const row of result.y) expect(row.every(Number.isFinite)).toBe(true);
    expectWithinBound(result, 6, 21, 130);
  });

  it.each([0, 255])('should not overflow if all codes are %i', (code) => {
    const limits = { code: () => code, scale: () => 1, x: (_: unknown, row: number) => (row ? -1 : 1) };
    const result = new QuantizedCase({ kind: 'q8', rows: 2, outputs: 8, inputs: 6000, ...limits }).run();
    expectWithinBound(result, 2, 8, 6000);
  });
});

describe('gatherQ8', () => {
  it('should look up weights within half a step of their scale', () => {
    const result = new QuantizedCase({ kind: 'q8', rows: 1, outputs: 11, inputs: 70 }).run();
    for (const [output, row] of result.gathered.entries())
      for (const [input, value] of row.entries()) {
        const code = result.code(output, input) - 128;
        const exact = result.scale(output, input >> 5) * code;
        expect(Math.abs(value - exact)).toBeLessThanOrEqual(Math.abs(code) * scaleError(result, output, 70) + Math.abs(exact) * 2 ** -22);
      }
  });
});

/** How far a block's scale may be from the one in the file. */
function scaleError(result: QuantizedResult, output: number, inputs: number): number {
  return halfStep(
    Array.from({ length: Math.ceil(inputs / 32) }, (_, block) => result.scale(output, block)),
    32767,
  );
}

/** Compares with the product of the file's weights in float64. The bound follows the format step by step. */
function expectWithinBound(result: QuantizedResult, rows: number, outputs: number, inputs: number): void {
  const { x, y } = result;
  const blocks = Math.ceil(inputs / 32);
  for (let row = 0; row < rows; row++) {
    const steps = Array.from({ length: blocks }, (_, block) => halfStep(x[row].slice(block * 32, block * 32 + 32), 32767));
    for (let output = 0; output < outputs; output++) {
      const weightError = scaleError(result, output, inputs);
      let exact = 0;
      let bound = 0;
      for (const [input, value] of x[row].entries()) {
        const code = result.code(output, input) - 128;
        const weight = result.scale(output, input >> 5) * code;
        const step = steps[input >> 5];
        exact += value * weight;
        bound += Math.abs(code) * weightError * (Math.abs(value) + step) + Math.abs(weight) * step;
        bound += Math.abs(value * weight) * (blocks + 6) * 2 ** -24;
      }
      expect(Math.abs(y[row][output] - exact)).toBeLessThanOrEqual(bound + 2 ** -120);
    }
  }
}
