import type { RowKernels } from '../row-kernels.ts';
import type { MemoryViews } from './memory-views.ts';
import { add } from './rows/add.ts';

export function rowTwins(views: MemoryViews): RowKernels {
  return { add: add(views) } as RowKernels;
}
