import type { AttentionKernels } from '../attention-kernels.ts';
import type { MemoryViews } from './memory-views.ts';

export function attentionTwins(_views: MemoryViews): AttentionKernels {
  return {} as AttentionKernels;
}
