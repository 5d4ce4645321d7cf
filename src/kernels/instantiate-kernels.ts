import type { Kernels } from './kernels.ts';

/** Kernels over a memory of the host's. */
export function instantiateKernels(compiled: WebAssembly.Module, memory: WebAssembly.Memory): Kernels {
  const { exports } = new WebAssembly.Instance(compiled, { env: { memory } });
  const kernels = exports as unknown as Kernels;
  kernels.initialize();
  return kernels;
}
