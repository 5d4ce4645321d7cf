import { FIRST_FREE_BYTE, type Kernels } from '../../src/kernels/kernels.ts';
import {
  matrixBytes,
  matrixScratchBytes,
  paddedOutputs,
  paddedRows,
  q4ActivationBytes,
  q8ActivationBytes,
} from '../../src/kernels/matrix-layouts.ts';
import type { MemoryViews } from '../../src/kernels/memory-views.ts';
import { SeededRandom } from '../generation/seeded-random.ts';
import { expectSameMemory } from './compare.ts';
import { TestMemory } from './test-memory.ts';

export interface QuantizedOptions {
  readonly kind: 'q4' | 'q8';
  readonly rows: number;
  readonly outputs: number;
  readonly inputs: number;
  /** See MatrixKernels.packQ4Scales. */
  readonly zeroPointKind?: 0 | 1 | 2;
  readonly x?: (random: SeededRandom, row: number, input: number) => number;
  readonly scale?: (random: SeededRandom, output: number, block: number) => number;
  readonly zeroPoint?: (random: SeededRandom) => number;
  readonly code?: (random: SeededRandom) => number;
}

/**
 * A matrix as MatMulNBits stores it, and rows of x: packed, quantized and multiplied, all rows at once and each row
 * alone.
 */
export class QuantizedCase {
  readonly options: Required<QuantizedOptions>;
  readonly blocks: number;
  readonly yStride: number;
  readonly #memory = new TestMemory();
  readonly #addresses;

  constructor(options: QuantizedOptions) {
    this.options = {
      zeroPointKind: 0,
      x: (random) => (random.next() - 0.5) * 10 ** random.next(),
      scale: (random) => (random.next() - 0.2) * 0.1,
      zeroPoint: (random) => random.next() * 40 - 12,
      code: (random) => random.integer(256),
      ...options,
    };
    const { kind, rows, outputs, inputs } = this.options;
    this.blocks = Math.ceil(inputs / 32);
    this.yStride = paddedOutputs(kind, outputs) * 4 + 16;
    const memory = this.#memory;
    const activationBytes = kind === 'q4' ? q4ActivationBytes : q8ActivationBytes;
    const work = Math.ceil(this.blocks / 2) * 8;
    const activations = (count: number) => {
      const from = memory.take(activationBytes(count, inputs));
      if (kind === 'q4') memory.scratches.push({ from: from + paddedRows(count) * (this.blocks * 36 + work / 2 + 4), bytes: work });
      return from;
    };
    this.#addresses = {
      codes: memory.take(outputs * this.blocks * (kind === 'q4' ? 16 : 32)),
      scales: memory.take(outputs * this.blocks * 4),
      zeroPoints: memory.take(outputs * this.blocks * 4),
      weights: memory.take(matrixBytes(kind, outputs, inputs)),
      x: memory.take(rows * this.xStride),
      activations: activations(rows),
      oneRow: activations(1),
      y: memory.take(rows * this.yStride),
      yAlone: memory.take(rows * this.yStride),
      gathered: memory.take(outputs * this.xStride),
      ids: memory.take(outputs * 4),
      scratch: memory.scratch(matrixScratchBytes(rows)),
    };
  }

  get xStride(): number {
    return Math.ceil(this.options.inputs / 4) * 16 + 16;
  }

  /** Packs, quantizes, multiplies and gathers on all builds and the reference, and expects the same memory. */
  run(): QuantizedResult {
    const views = expectSameMemory(
      this.#memory.pages,
      (memory) => this.#fill(memory),
      (kernels) => this.#compute(kernels),
      this.#memory.scratches,
    );
    return new QuantizedResult(this, this.#addresses, views);
  }

  #fill({ u8, f32, u32 }: MemoryViews): void {
    const { kind, rows, outputs, inputs, x, scale, code, zeroPoint, zeroPointKind } = this.options;
    const { blocks } = this;
    const at = this.#addresses;
    const random = new SeededRandom(rows * 1000 + outputs * 10 + inputs);
    // The memory is filled with anything but zeros, except where the host must have cleared it.
    u8.fill(0x5a, FIRST_FREE_BYTE);
    u8.fill(0, at.weights, at.weights + matrixBytes(kind, outputs, inputs));
    for (let index = 0; index < outputs * blocks * (kind === 'q4' ? 16 : 32); index++) u8[at.codes + index] = code(random);
    for (let index = 0; index < outputs * blocks; index++)
      f32[(at.scales >> 2) + index] = scale(random, Math.floor(index / blocks), index % blocks);
    for (let index = 0; index < outputs * blocks; index++)
      if (zeroPointKind === 2) f32[(at.zeroPoints >> 2) + index] = zeroPoint(random);
      else u8[at.zeroPoints + index] = random.integer(256);
    for (let row = 0; row < rows; row++)
      for (let input = 0; input < this.xStride / 4; input++)
        f32[((at.x + row * this.xStride) >> 2) + input] = input < inputs ? x(random, row, input) : 1e9;
    for (let output = 0; output < outputs; output++) u32[(at.ids >> 2) + output] = outputs - 1 - output;
  }

  #compute(kernels: Kernels): void {
    const { kind, rows, outputs, inputs, zeroPointKind } = this.options;
    const { blocks, xStride, yStride } = this;
    const at = this.#addresses;
    const codeBytes = kind === 'q4' ? 16 : 32;
    const packCodes = kind === 'q4' ? kernels.packQ4Codes : kernels.packQ8Codes;
    // The codes come in two pieces, and the border lies within a row, as when a file is read in ranges.
    const piece = Math.floor((outputs * blocks) / 2);
    packCodes(at.codes, 0, piece, at.weights, inputs);
    packCodes(at.codes + piece * codeBytes, piece, outputs * blocks - piece, at.weights, inputs);
    const firstRows = Math.floor(outputs / 3);
    for (const [first, count] of [
      [0, firstRows],
      [firstRows, outputs - firstRows],
    ]) {
      const scales = at.scales + first * blocks * 4;
      const zeroPoints = at.zeroPoints + first * (zeroPointKind === 2 ? blocks * 4 : Math.ceil(blocks / 2));
      if (kind === 'q4') kernels.packQ4Scales(scales, zeroPoints, zeroPointKind, first, count, at.weights, inputs);
      else kernels.packQ8Scales(scales, first, count, at.weights, inputs);
    }
    const quantize = kind === 'q4' ? kernels.quantizeForQ4 : kernels.quantizeForQ8;
    const matMul = kind === 'q4' ? kernels.matMulQ4 : kernels.matMulQ8;
    quantize(at.x, xStride, at.activations, rows, inputs);
    matMul(at.activations, at.weights, at.y, yStride, rows, outputs, inputs, at.scratch);
    for (let row = 0; row < rows; row++) {
      quantize(at.x + row * xStride, xStride, at.oneRow, 1, inputs);
      matMul(at.oneRow, at.weights, at.yAlone + row * yStride, yStride, 1, outputs, inputs, at.scratch);
    }
    const gather = kind === 'q4' ? kernels.gatherQ4 : kernels.gatherQ8;
    gather(at.weights, at.ids, at.gathered, xStride, outputs, inputs);
  }
}

type SourceAddresses = Record<'codes' | 'scales' | 'zeroPoints' | 'x' | 'y' | 'yAlone' | 'gathered', number>;

/** What a case computed, and the numbers from which it was computed. */
export class QuantizedResult {
  readonly #case: QuantizedCase;
  readonly #at: SourceAddresses;
  readonly #views: MemoryViews;

  constructor(of: QuantizedCase, addresses: SourceAddresses, views: MemoryViews) {
    this.#case = of;
    this.#at = addresses;
    this.#views = views;
  }

  get x(): number[][] {
    return this.#floats(this.#at.x, this.#case.xStride, this.#case.options.rows, this.#case.options.inputs);
  }

  get y(): number[][] {
    return this.#floats(this.#at.y, this.#case.yStride, this.#case.options.rows, this.#case.options.outputs);
  }

  /** The products of each row alone. */
  get yAlone(): number[][] {
    return this.#floats(this.#at.yAlone, this.#case.yStride, this.#case.options.rows, this.#case.options.outputs);
  }

  /** All rows of W, looked up. */
  get gathered(): number[][] {
    const { outputs, inputs } = this.#case.options;
    return this.#floats(this.#at.gathered, this.#case.xStride, outputs, inputs).reverse();
  }

  code(output: number, input: number): number {
    const { kind } = this.#case.options;
    const element = output * this.#case.blocks * 32 + input;
    const { u8 } = this.#views;
    if (kind === 'q8') return u8[this.#at.codes + element];
    return (u8[this.#at.codes + (element >> 1)] >> ((element & 1) * 4)) & 15;
  }

  scale(output: number, block: number): number {
    return this.#views.f32[(this.#at.scales >> 2) + output * this.#case.blocks + block];
  }

  zeroPoint(output: number, block: number): number {
    const { kind, zeroPointKind } = this.#case.options;
    const { blocks } = this.#case;
    if (kind === 'q8') return 128;
    if (zeroPointKind === 0) return 8;
    if (zeroPointKind === 2) return this.#views.f32[(this.#at.zeroPoints >> 2) + output * blocks + block];
    return (this.#views.u8[this.#at.zeroPoints + output * Math.ceil(blocks / 2) + (block >> 1)] >> ((block & 1) * 4)) & 15;
  }

  #floats(address: number, stride: number, rows: number, width: number): number[][] {
    return Array.from({ length: rows }, (_, row) => {
      const from = (address + row * stride) >> 2;
      return [...this.#views.f32.subarray(from, from + width)];
    });
  }
}
