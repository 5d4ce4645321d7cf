import type { Kernels } from './kernels.ts';

/**
 * Instantiates the kernels on the host's memory, and writes the constants that they read into it, below
 * FIRST_FREE_BYTE.
 */
export function instantiateKernels(compiled: WebAssembly.Module, memory: WebAssembly.Memory): Kernels {
  return new WebAssembly.Instance(compiled, { env: { memory } }).exports as unknown as Kernels;
}
