import { attentionF32 } from './attention-f32.ts';
import { attentionQ8 } from './attention-q8.ts';
import { matMulFloats } from './mat-mul-floats.ts';
import { matMulQ4 } from './mat-mul-q4.ts';
import { matMulQ8 } from './mat-mul-q8.ts';
import { rowMaps } from './row-maps.ts';

/** Sources of kernels that V8 needs unrolled, by file name: each is written by one function from one readable description. */
export const templates: Readonly<Record<string, () => string>> = {
  'mat-mul-q4': matMulQ4,
  'mat-mul-q8': matMulQ8,
  'mat-mul-floats': matMulFloats,
  'attention-f32': attentionF32,
  'attention-q8': attentionQ8,
  'row-maps': rowMaps,
};
