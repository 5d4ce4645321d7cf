import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chooseKernels, type KernelVariant, variantOf } from '../kernels/kernel-variant.ts';
import { PACKAGE } from './project-paths.ts';

/**
 * The edge engine's kernels for this Node: the build with relaxed SIMD that is faster on this processor, or the one
 * without it if Node does not support it. All builds give the same bits.
 */
export function compiledKernels(): WebAssembly.Module {
  const bytes = (name: KernelVariant) => readFileSync(join(PACKAGE, 'dist/kernels', `${name}.wasm`));
  const relaxed = bytes('relaxed');
  if (!WebAssembly.validate(relaxed)) return new WebAssembly.Module(bytes('plain'));
  return chooseKernels({ relaxed: new WebAssembly.Module(relaxed), vnni: new WebAssembly.Module(bytes('vnni')) });
}

/** Which build that is. */
export const kernelVariant = (): KernelVariant => variantOf(compiledKernels());
