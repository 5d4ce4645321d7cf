import { matrixBytes } from '../../src/kernels/matrix-layouts.ts';
import { KernelMemory } from './kernel-memory.ts';
import type { Shape } from './measure-mat-mul.ts';

/** Bytes of a file that arrive at once. */
const CHUNK = 2 ** 20;

/**
 * Milliseconds that it takes to pack a q4 matrix `count` times, and a q8 matrix, into fresh memory: codes in chunks,
 * scales at once.
 */
export function measurePacking(q4: Shape & { count: number }, q8: Shape): { q4: number; q8: number } {
  const q4Bytes = matrixBytes('q4', q4.outputs, q4.inputs);
  const q8Bytes = matrixBytes('q8', q8.outputs, q8.inputs);
  const scaleBytes = (Math.max(q4.outputs * q4.inputs, q8.outputs * q8.inputs) / 32) * 4;
  const memory = new KernelMemory(CHUNK + scaleBytes + q4.count * (q4Bytes + 64) + q8Bytes + 1024);
  const { kernels } = memory;
  const [codes, scales] = [memory.take(CHUNK), memory.take(scaleBytes)];
  new Float32Array(memory.buffer, scales, scaleBytes / 4).fill(0.01);
  const inChunks = (blocks: number, blockBytes: number, pack: (first: number, count: number) => void) => {
    const most = CHUNK / blockBytes;
    for (let first = 0; first < blocks; first += most) pack(first, Math.min(most, blocks - first));
  };
  const started = performance.now();
  for (let index = 0; index < q4.count; index++) {
    const weights = memory.take(q4Bytes);
    inChunks((q4.outputs * q4.inputs) / 32, 16, (first, count) => kernels.packQ4Codes(codes, first, count, weights, q4.inputs));
    kernels.packQ4Scales(scales, 0, 0, 0, q4.outputs, weights, q4.inputs);
  }
  const between = performance.now();
  const weights = memory.take(q8Bytes);
  inChunks((q8.outputs * q8.inputs) / 32, 32, (first, count) => kernels.packQ8Codes(codes, first, count, weights, q8.inputs));
  kernels.packQ8Scales(scales, 0, q8.outputs, weights, q8.inputs);
  return { q4: between - started, q8: performance.now() - between };
}
