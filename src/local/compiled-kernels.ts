import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE } from './project-paths.ts';

/**
 * The edge engine's kernels for this Node: the build with relaxed SIMD if Node supports it. Both builds give the same
 * bits.
 */
export function compiledKernels(): WebAssembly.Module {
  const bytes = (name: string) => readFileSync(join(PACKAGE, 'dist/kernels', `${name}.wasm`));
  const relaxed = bytes('relaxed');
  return new WebAssembly.Module(WebAssembly.validate(relaxed) ? relaxed : bytes('plain'));
}
