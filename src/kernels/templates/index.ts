import { attentionF32 } from './attention-f32.ts';
import { attentionQ8 } from './attention-q8.ts';
import { dotAddProbe } from './dot-add-probe.ts';
import { lowRank } from './low-rank.ts';
import { matMulFloats } from './mat-mul-floats.ts';
import { matMulQ4 } from './mat-mul-q4.ts';
import { matMulQ8 } from './mat-mul-q8.ts';
import { rowMaps } from './row-maps.ts';
import { touch } from './touch.ts';
import type { Variant } from './variant.ts';

/**
 * The templates by the names of the files that they write: kernels that V8 needs unrolled. Each template opens with one
 * instance of its kernel, written as one would by hand; the unrolled result lies in dist/kernels/generated after a
 * build. build.ts says how the generated and the hand-written AssemblyScript import each other.
 */
export const templates: Readonly<Record<string, (variant: Variant) => string>> = {
  'mat-mul-q4': matMulQ4,
  'mat-mul-q8': matMulQ8,
  'mat-mul-floats': matMulFloats,
  'low-rank': lowRank,
  'attention-f32': attentionF32,
  'attention-q8': attentionQ8,
  'row-maps': rowMaps,
  touch,
  'dot-add-probe': dotAddProbe,
};
