import { attentionF32 } from './attention-f32.ts';
import { attentionQ8 } from './attention-q8.ts';
import { rowMaps } from './row-maps.ts';

/** Sources of kernels that V8 needs unrolled, by file name: each is written by one function from one readable description. */
export const templates: Readonly<Record<string, () => string>> = {
  'attention-f32': attentionF32,
  'attention-q8': attentionQ8,
  'row-maps': rowMaps,
};
