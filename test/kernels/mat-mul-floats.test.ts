import { describe, expect, it } from 'vitest';
import { FIRST_FREE_BYTE, type Kernels } from '../../src/kernels/kernels.ts';
import { matrixBytes, matrixScratchBytes, paddedOutputs } from '../../src/kernels/matrix-layouts.ts';
import { SeededRandom } from '../generation/seeded-random.ts';
import { expectSameMemory } from './compare.ts';
import { TestMemory } from './test-memory.ts';

const shapes = [
  [1, 16, 4],
  [1, 5, 129],
  [2, 16, 128],
  [3, 20, 7],
  [4, 33, 130],
  [7, 48, 300],
  [2, 1, 1],
  // Streams that overlap, and streams that would begin a multiple of 4 KiB apart.
  [1, 80, 33],
  [1, 128, 64],
  [1, 256, 64],
] as const;

describe.each(['f16', 'f32'] as const)('matMul of %s', (kind) => {
  it.each(shapes)(
    'should multiply %i rows by %i outputs of %i inputs in order, and give each row alone the same bits',
    (rows, outputs, inputs) => {
      for (const transposed of [0, 1]) {
        const result = multiply({ kind, rows, outputs, inputs, transposed });
        expect(result.yAlone).toEqual(result.y);
        expect(result.gathered).toEqual(result.w);
        expectWithinBound(result);
      }
    },
  );

  it('should cope with activations of any magnitude', () => {
    const magnitudes = [1e-45, 1e-20, 32767, 32768, 1e6, 1e30];
    for (const inputs of [5, 35]) {
      const x = (row: number, input: number) => (input % 3 === row % 3 || input === inputs - 1 ? magnitudes[row] : -0.5);
      const result = multiply({ kind, rows: 6, outputs: 16, inputs, transposed: 0, x });
      expect(result.yAlone).toEqual(result.y);
      expectWithinBound(result);
    }
  });
});

function expectWithinBound({ x, w, y }: ReturnType<typeof multiply>): void {
  for (const [row, values] of y.entries())
    for (const [output, value] of values.entries()) {
      const products = x[row].map((activation, input) => activation * w[output][input]);
      const exact = products.reduce((sum, product) => sum + product, 0);
      const magnitude = products.reduce((sum, product) => sum + Math.abs(product), 0);
      // Each product and each sum is rounded to float32, or to its smallest step.
      expect(Math.abs(value - exact)).toBeLessThanOrEqual((products.length + 2) * (magnitude * 2 ** -24 + 2 ** -150));
    }
}

describe('gatherF16', () => {
  it('should convert every finite half exactly', () => {
    const memory = new TestMemory();
    const source = memory.take(65536 * 2);
    const weights = memory.take(matrixBytes('f16', 256, 256));
    const ids = memory.take(256 * 4);
    const y = memory.take(256 * 256 * 4);
    const { f32 } = expectSameMemory(
      memory.pages,
      ({ u16, u32 }) => {
        for (let half = 0; half < 65536; half++) u16[(source >> 1) + half] = half;
        for (let row = 0; row < 256; row++) u32[(ids >> 2) + row] = row;
      },
      (kernels) => {
        kernels.packF16(source, 0, 65536, weights, 256, 256, 0);
        kernels.gatherF16(weights, ids, y, 1024, 256, 256);
      },
    );
    const expected = new Float16Values();
    for (let half = 0; half < 65536; half++)
      if ((half & 0x7c00) !== 0x7c00) expect(Object.is(f32[(y >> 2) + half], expected.of(half)), `half ${half}`).toBe(true);
  });
});

/** float16 by the definition in IEEE 754: a sign, 5 bits of exponent, 10 bits of fraction. */
class Float16Values {
  of(half: number): number {
    const bits = half.toString(2).padStart(16, '0');
    const exponent = Number.parseInt(bits.slice(1, 6), 2);
    const fraction = Number.parseInt(bits.slice(6), 2) / 1024;
    const magnitude = exponent ? (1 + fraction) * 2 ** (exponent - 15) : fraction * 2 ** -14;
    return bits[0] === '1' ? -magnitude : magnitude;
  }
}

interface FloatCase {
  readonly kind: 'f16' | 'f32';
  readonly rows: number;
  readonly outputs: number;
  readonly inputs: number;
  readonly transposed: number;
  readonly x?: (row: number, input: number) => number;
}

/** Packs random weights in two pieces, multiplies all rows at once and each row alone, and looks up all rows of W. */
function multiply({ kind, rows, outputs, inputs, transposed, x }: FloatCase) {
  const memory = new TestMemory();
  const elementBytes = kind === 'f16' ? 2 : 4;
  const xStride = Math.ceil(inputs / 4) * 16 + 16;
  const yStride = paddedOutputs(kind, outputs) * 4 + 16;
  const source = memory.take(outputs * inputs * elementBytes);
  const weights = memory.take(matrixBytes(kind, outputs, inputs));
  const xs = memory.take(rows * xStride);
  const ys = memory.take(rows * yStride);
  const ysAlone = memory.take(rows * yStride);
  const ids = memory.take(outputs * 4);
  const looked = memory.take(outputs * xStride);
  const scratch = memory.scratch(matrixScratchBytes(rows));
  const run = (kernels: Kernels) => {
    const pack = kind === 'f16' ? kernels.packF16 : kernels.packF32;
    const piece = Math.floor((outputs * inputs) / 2);
    pack(source, 0, piece, weights, outputs, inputs, transposed);
    pack(source + piece * elementBytes, piece, outputs * inputs - piece, weights, outputs, inputs, transposed);
    const matMul = kind === 'f16' ? kernels.matMulF16 : kernels.matMulF32;
    matMul(xs, xStride, weights, ys, yStride, rows, outputs, inputs, scratch);
    for (let row = 0; row < rows; row++)
      matMul(xs + row * xStride, xStride, weights, ysAlone + row * yStride, yStride, 1, outputs, inputs, scratch);
    const gather = kind === 'f16' ? kernels.gatherF16 : kernels.gatherF32;
    gather(weights, ids, looked, xStride, outputs, inputs);
  };
  const { f32, u16 } = expectSameMemory(
    memory.pages,
    ({ u8, u16, u32, f32 }) => {
      u8.fill(0x5a, FIRST_FREE_BYTE);
      u8.fill(0, weights, weights + matrixBytes(kind, outputs, inputs));
      const random = new SeededRandom(rows + outputs * 10 + inputs * 100);
      for (let index = 0; index < outputs * inputs; index++)
        if (kind === 'f16') u16[(source >> 1) + index] = random.integer(0x7c00) | (random.integer(2) << 15);
        else f32[(source >> 2) + index] = random.next() - 0.5;
      for (let row = 0; row < rows; row++)
        for (let input = 0; input < xStride / 4; input++)
          f32[((xs + row * xStride) >> 2) + input] = input < inputs ? (x?.(row, input) ?? random.next() - 0.5) : Number.NaN;
      for (let output = 0; output < outputs; output++) u32[(ids >> 2) + output] = output;
    },
    run,
    memory.scratches,
  );
  const floats = (address: number, stride: number, count: number, width: number) =>
    Array.from({ length: count }, (_, row) => [...f32.subarray((address + row * stride) >> 2, ((address + row * stride) >> 2) + width)]);
  const values = new Float16Values();
  const element = (index: number) => (kind === 'f16' ? values.of(u16[(source >> 1) + index]) : f32[(source >> 2) + index]);
  const w = Array.from({ length: outputs }, (_, output) =>
    Array.from({ length: inputs }, (_, input) => element(transposed ? input * outputs + output : output * inputs + input)),
  );
  return {
    w,
    x: floats(xs, xStride, rows, inputs),
    y: floats(ys, yStride, rows, outputs),
    yAlone: floats(ysAlone, yStride, rows, outputs),
    gathered: floats(looked, xStride, outputs, inputs),
  };
}
