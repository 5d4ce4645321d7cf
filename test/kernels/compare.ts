import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { instantiateKernels } from '../../src/kernels/instantiate-kernels.ts';
import { type Kernels, WASM_PAGE_BYTES } from '../../src/kernels/kernels.ts';
import { type MemoryViews, memoryViews } from '../../src/kernels/memory-views.ts';
import { referenceKernels } from '../../src/kernels/reference/reference-kernels.ts';

const compile = (name: string) => new WebAssembly.Module(readFileSync(join(import.meta.dirname, `../../dist/kernels/${name}.wasm`)));
export const modules = { relaxed: compile('relaxed'), plain: compile('plain') };

/** Bytes of the constants, which only WebAssembly needs. */
const RESERVED = 4096;

/** Bytes that a kernel may leave in any state, as its scratch. */
export interface MemoryRange {
  readonly from: number;
  readonly bytes: number;
}

/**
 * Runs the same calls on the relaxed build, the plain build and the twins, each on a memory filled alike, and expects the whole
 * memories but for `except` to be equal, bit for bit.
 * @returns the twins' memory
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
  const twin = new ArrayBuffer(pages * WASM_PAGE_BYTES);
  fill(memoryViews(twin));
  const result = run(referenceKernels(twin));
  clear(twin);
  const expected = Buffer.from(twin, RESERVED);
  for (const memory of memories) {
    expect(memory.result).toEqual(result);
    clear(memory.buffer);
    const difference = firstDifference(Buffer.from(memory.buffer, RESERVED), expected);
    expect(difference).toBeUndefined();
  }
  return memoryViews(twin);
}

/** Where two memories first differ, in words; a Buffer comparison says only that they do. */
function firstDifference(actual: Buffer, expected: Buffer): string | undefined {
  if (actual.equals(expected)) return undefined;
  const at = expected.findIndex((byte, index) => byte !== actual[index]) & ~3;
  return `address ${at + RESERVED}: float ${actual.readFloatLE(at)} (${actual.readInt32LE(at)}), ${expected.readFloatLE(at)} (${expected.readInt32LE(at)}) expected`;
}
