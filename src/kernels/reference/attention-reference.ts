import type { AttentionKernels } from '../attention-kernels.ts';
import type { MemoryViews } from '../memory-views.ts';
import { appendF32, appendQ8 } from './attention/append.ts';
import { attendF32, attendQ8 } from './attention/attend.ts';

export function attentionTwins(views: MemoryViews): AttentionKernels {
  return { appendF32: appendF32(views), appendQ8: appendQ8(views), attendF32: attendF32(views), attendQ8: attendQ8(views) };
}
