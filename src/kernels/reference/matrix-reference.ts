import type { MatrixKernels } from '../matrix-kernels.ts';
import type { MemoryViews } from '../memory-views.ts';
import { gatherF16, gatherF32, gatherQ4, gatherQ8 } from './matrix/gather.ts';
import { matMulF16, matMulF32 } from './matrix/mat-mul-floats.ts';
import { matMulQ4 } from './matrix/mat-mul-q4.ts';
import { matMulQ8 } from './matrix/mat-mul-q8.ts';
import { packF16, packF32 } from './matrix/pack-floats.ts';
import { packQ4Codes, packQ4Scales } from './matrix/pack-q4.ts';
import { packQ8Codes, packQ8Scales } from './matrix/pack-q8.ts';
import { quantizeForQ4 } from './matrix/quantize-for-q4.ts';
import { quantizeForQ8 } from './matrix/quantize-for-q8.ts';

export function matrixTwins(views: MemoryViews): MatrixKernels {
  return {
    quantizeForQ4: quantizeForQ4(views),
    matMulQ4: matMulQ4(views),
    quantizeForQ8: quantizeForQ8(views),
    matMulQ8: matMulQ8(views),
    matMulF16: matMulF16(views),
    matMulF32: matMulF32(views),
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
