import {
  type MatrixKind,
  matrixBytes,
  matrixScratchBytes,
  paddedOutputs,
  q4ActivationBytes,
  q8ActivationBytes,
} from '../../src/kernels/matrix-layouts.ts';
import { median } from '../median.ts';
import { KernelMemory } from './kernel-memory.ts';

export interface Shape {
  readonly outputs: number;
  readonly inputs: number;
}

/**
 * Bytes of different matrices that are multiplied in turn, as a model's layers are: more than a processor's caches
 * hold.
 */
const WEIGHT_BYTES = 96 * 2 ** 20;
/** Multiply-adds of one sample, which take some 10 ms. V8's optimizing compiler is done after the first few samples. */
const SAMPLE = 5e8;
const SAMPLES = 12;
const WARM_UP = 4;

/**
 * The median milliseconds of one product of `rows` rows, including the quantization of x. Processor time is measured,
 * so that other processes on a shared machine do not count.
 */
export function measureMatMul(kind: MatrixKind, { outputs, inputs }: Shape, rows: number): number {
  const bytes = matrixBytes(kind, outputs, inputs);
  const copies = Math.max(2, Math.ceil(WEIGHT_BYTES / bytes));
  const xStride = Math.ceil(inputs / 4) * 16;
  const yStride = paddedOutputs(kind, outputs) * 4 + 64;
  const activationBytes = Math.max(q4ActivationBytes(rows, inputs), q8ActivationBytes(rows, inputs));
  const memory = new KernelMemory(copies * bytes + rows * (xStride + yStride) + activationBytes + matrixScratchBytes(rows) + 1024);
  const { kernels } = memory;
  const [x, y, activations] = [memory.take(rows * xStride), memory.take(rows * yStride), memory.take(activationBytes)];
  const [scratch, weights] = [memory.take(matrixScratchBytes(rows)), memory.take(copies * bytes)];
  fill(memory, { kind, outputs, inputs, rows, x, weights, bytes, copies });
  const multiply = {
    q4(w: number) {
      kernels.quantizeForQ4(x, xStride, activations, rows, inputs);
      kernels.matMulQ4(activations, w, y, yStride, rows, outputs, inputs, scratch);
    },
    q8(w: number) {
      kernels.quantizeForQ8(x, xStride, activations, rows, inputs);
      kernels.matMulQ8(activations, w, y, yStride, rows, outputs, inputs, scratch);
    },
    f16: (w: number) => kernels.matMulF16(x, xStride, w, y, yStride, rows, outputs, inputs, scratch),
    f32: (w: number) => kernels.matMulF32(x, xStride, w, y, yStride, rows, outputs, inputs),
  }[kind];
  const calls = Math.max(4, Math.round(SAMPLE / (rows * outputs * inputs)));
  const samples: number[] = [];
  for (let sample = 0; sample < SAMPLES + WARM_UP; sample++) {
    const started = process.cpuUsage();
    for (let call = 0; call < calls; call++) multiply(weights + ((sample * calls + call) % copies) * bytes);
    const { user, system } = process.cpuUsage(started);
    if (sample >= WARM_UP) samples.push((user + system) / 1000 / calls);
  }
  return median(samples);
}

/** Fills everything with ordinary numbers: scales that are zero or denormal would change the measurement. */
function fill(
  memory: KernelMemory,
  of: Shape & { kind: MatrixKind; rows: number; x: number; weights: number; bytes: number; copies: number },
): void {
  const { kind, outputs, inputs, rows, x, weights, bytes, copies } = of;
  const { kernels, buffer } = memory;
  const floats = new Float32Array(buffer, x, rows * Math.ceil(inputs / 4) * 4);
  for (let index = 0; index < floats.length; index++) floats[index] = Math.sin(index * 1.7) * (1 + (index % 7));
  const blocks = Math.ceil(inputs / 32);
  // Until the first copy is packed, the room of the last copy serves as the source of one row.
  const source = weights + (copies - 1) * bytes;
  for (let row = 0; row < outputs; row++) {
    if (kind === 'f32' || kind === 'f16') {
      if (kind === 'f32') new Float32Array(buffer, source, inputs).fill(0.01 * (1 + (row % 5)));
      else new Uint16Array(buffer, source, inputs).fill(0x2000 + row);
      const pack = kind === 'f32' ? kernels.packF32 : kernels.packF16;
      pack(source, row * inputs, inputs, weights, outputs, inputs, 0);
      continue;
    }
    const codes = new Uint8Array(buffer, source, blocks * 32);
    for (let index = 0; index < codes.length; index++) codes[index] = (index * 37 + row * 11) & 255;
    const scales = source + codes.length;
    const values = new Float32Array(buffer, scales, blocks);
    for (let index = 0; index < blocks; index++) values[index] = 0.001 * (1 + (index % 3));
    if (kind === 'q4') {
      kernels.packQ4Codes(source, row * blocks, blocks, weights, inputs);
      kernels.packQ4Scales(scales, 0, 0, row, 1, weights, inputs);
    } else {
      kernels.packQ8Codes(source, row * blocks, blocks, weights, inputs);
      kernels.packQ8Scales(scales, row, 1, weights, inputs);
    }
  }
  const all = new Uint8Array(buffer);
  for (let copy = 1; copy < copies; copy++) all.copyWithin(weights + copy * bytes, weights, weights + bytes);
}
