import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { instantiateKernels } from '../../src/kernels/instantiate-kernels.ts';
import type { KernelVariant } from '../../src/kernels/kernel-variant.ts';
import { FIRST_FREE_BYTE, type Kernels, WASM_PAGE_BYTES } from '../../src/kernels/kernels.ts';
import { kernelVariant } from '../../src/local/compiled-kernels.ts';

/** Kernels with a memory of their own, which is handed out piece by piece. */
export class KernelMemory {
  readonly kernels: Kernels;
  readonly buffer: ArrayBuffer;
  #next = FIRST_FREE_BYTE;

  constructor(bytes: number, build: KernelVariant = kernelVariant()) {
    const memory = new WebAssembly.Memory({ initial: Math.ceil((bytes + FIRST_FREE_BYTE) / WASM_PAGE_BYTES) + 1 });
    const compiled = new WebAssembly.Module(readFileSync(join(import.meta.dirname, `../../dist/kernels/${build}.wasm`)));
    this.kernels = instantiateKernels(compiled, memory);
    this.buffer = memory.buffer;
  }

  /** Returns an address that is a multiple of 64. */
  take(bytes: number): number {
    const address = this.#next;
    this.#next = Math.ceil((address + bytes) / 64) * 64;
    return address;
  }
}
