import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { instantiateKernels } from '../../src/kernels/instantiate-kernels.ts';
import { FIRST_FREE_BYTE, type Kernels, WASM_PAGE_BYTES } from '../../src/kernels/kernels.ts';
import { type MemoryViews, memoryViews } from '../../src/kernels/memory-views.ts';
import { referenceKernels } from '../../src/kernels/reference/reference-kernels.ts';

const compile = (name: string) => new WebAssembly.Module(readFileSync(join(import.meta.dirname, `../../dist/kernels/${name}.wasm`)));
export const modules = { relaxed: compile('relaxed'), plain: compile('plain'), vnni: compile('vnni') };

/** Bytes that a kernel may leave in any state, such as its scratch. */
export interface MemoryRange {
  readonly from: number;
  readonly bytes: number;
}

/**
 * Runs the same calls on all builds and the reference, each on its own memory with the same
 * contents. Expects all memories to be equal afterwards, bit for bit, except for the ranges in `except`. The
 * bytes below FIRST_FREE_BYTE hold constants that only WebAssembly needs, and are not compared.
 * @returns the reference's memory
 */
export function expectSameMemory(
  pages: number,
  fill: (views: MemoryViews) => void,
  run: (kernels: Kernels) => unknown,
  except: readonly MemoryRange[] = [],
): MemoryViews {
  const clear = (buffer: ArrayBuffer) => {
    for (const { from, bytes } of except) new Uint8Array(buffer, from, bytes).fill(0);
  };
  const memories = Object.values(modules).map((module) => {
    const memory = new WebAssembly.Memory({ initial: pages });
    fill(memoryViews(memory.buffer));
    return { buffer: memory.buffer, result: run(instantiateKernels(module, memory)) };
  });
  const reference = new ArrayBuffer(pages * WASM_PAGE_BYTES);
  fill(memoryViews(reference));
  const result = run(referenceKernels(reference));
  clear(reference);
  const expected = Buffer.from(reference, FIRST_FREE_BYTE);
  for (const memory of memories) {
    expect(memory.result).toEqual(result);
    clear(memory.buffer);
    const difference = firstDifference(Buffer.from(memory.buffer, FIRST_FREE_BYTE), expected);
    expect(difference).toBeUndefined();
  }
  return memoryViews(reference);
}

/** Describes the first difference of two memories; a comparison of Buffers would only say that there is one. */
function firstDifference(actual: Buffer, expected: Buffer): string | undefined {
  if (actual.equals(expected)) return undefined;
  const at = expected.findIndex((byte, index) => byte !== actual[index]) & ~3;
  return `address ${at + FIRST_FREE_BYTE}: float ${actual.readFloatLE(at)} (${actual.readInt32LE(at)}), ${expected.readFloatLE(at)} (${expected.readInt32LE(at)}) expected`;
}
