import type { MatrixKernels } from '../matrix-kernels.ts';
import type { MemoryViews } from './memory-views.ts';

export function matrixTwins(_views: MemoryViews): MatrixKernels {
  return {} as MatrixKernels;
}
