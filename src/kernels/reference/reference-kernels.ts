import type { Kernels } from '../kernels.ts';
import type { MatrixKernels } from '../matrix-kernels.ts';
import { type MemoryViews, memoryViews } from '../memory-views.ts';
import { appendF32, appendQ8 } from './attention/append.ts';
import { attendF32, attendQ8 } from './attention/attend.ts';
import { gatherF16, gatherF32, gatherQ4, gatherQ8 } from './matrix/gather.ts';
import { addLowRank } from './matrix/low-rank.ts';
import { matMulF16, matMulF32, matMulQ4, matMulQ8 } from './matrix/mat-mul.ts';
import { packF16, packF32, packQ4Codes, packQ4Scales, packQ8Codes, packQ8Scales } from './matrix/pack.ts';
import { quantizeForQ4, quantizeForQ8 } from './matrix/quantize.ts';
import { referenceRows } from './rows.ts';
import { referenceVocabulary } from './vocabulary.ts';

/**
 * The kernels in plain TypeScript: slow, and the specification. Both WebAssembly builds must leave the same bits in
 * memory, which `expectSameMemory` checks in test/kernels. Nothing in production imports this folder.
 */
export function referenceKernels(memory: ArrayBufferLike): Kernels {
  const views = memoryViews(memory);
  return {
    ...matrices(views),
    ...referenceRows(views),
    appendF32: appendF32(views),
    appendQ8: appendQ8(views),
    attendF32: attendF32(views),
    attendQ8: attendQ8(views),
    ...referenceVocabulary(views),
  };
}

function matrices(views: MemoryViews): MatrixKernels {
  return {
    quantizeForQ4: quantizeForQ4(views),
    matMulQ4: matMulQ4(views),
    quantizeForQ8: quantizeForQ8(views),
    matMulQ8: matMulQ8(views),
    matMulF16: matMulF16(views),
    matMulF32: matMulF32(views),
    addLowRank: addLowRank(views),
    packQ4Codes: packQ4Codes(views),
    packQ4Scales: packQ4Scales(views),
    packQ8Codes: packQ8Codes(views),
    packQ8Scales: packQ8Scales(views),
    packF16: packF16(views),
    packF32: packF32(views),
    gatherQ4: gatherQ4(views),
    gatherQ8: gatherQ8(views),
    gatherF16: gatherF16(views),
    gatherF32: gatherF32(views),
  };
}
