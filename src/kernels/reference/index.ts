import type { Kernels } from '../kernels.ts';
import { memoryViews } from '../memory-views.ts';
import { attentionTwins } from './attention-reference.ts';
import { matrixTwins } from './matrix-reference.ts';
import { rowTwins } from './row-reference.ts';
import { vocabularyTwins } from './vocabulary-reference.ts';

/** The kernels in plain TypeScript: slow, and bit for bit what the WebAssembly computes. */
export function twinKernels(memory: ArrayBufferLike): Kernels {
  const views = memoryViews(memory);
  return { initialize() {}, ...matrixTwins(views), ...rowTwins(views), ...attentionTwins(views), ...vocabularyTwins(views) };
}
