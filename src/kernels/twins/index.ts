import type { Kernels } from '../kernels.ts';
import { attentionTwins } from './attention-twins.ts';
import { matrixTwins } from './matrix-twins.ts';
import { memoryViews } from './memory-views.ts';
import { rowTwins } from './row-twins.ts';
import { vocabularyTwins } from './vocabulary-twins.ts';

/** The kernels in plain TypeScript: slow, and bit for bit what the WebAssembly computes. */
export function twinKernels(memory: ArrayBufferLike): Kernels {
  const views = memoryViews(memory);
  return { initialize() {}, ...matrixTwins(views), ...rowTwins(views), ...attentionTwins(views), ...vocabularyTwins(views) };
}
