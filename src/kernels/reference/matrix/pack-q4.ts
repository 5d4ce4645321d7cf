import type { Kernels } from '../../kernels.ts';
import type { MemoryViews } from '../../memory-views.ts';
import { scaleFor, toInteger } from './arithmetic.ts';
import { q4Weights } from './q4-layout.ts';
import { MAX_MINIMUM } from './quantize-for-q4.ts';

/** The twin of {@link Kernels.packQ4Codes}. */
export function packQ4Codes(views: MemoryViews): Kernels['packQ4Codes'] {
  const { u8 } = views;
  return (source, first, count, weights, inputs) => {
    const w = q4Weights(views, weights, inputs);
    for (let index = 0; index < count; index++) {
      const output = Math.floor((first + index) / w.blocks);
      const block = (first + index) % w.blocks;
      for (let byte = 0; byte < 16; byte++) u8[w.codeByte(output, block * 32 + byte * 2)] = u8[source + index * 16 + byte];
    }
  };
}

/** The twin of {@link Kernels.packQ4Scales}. */
export function packQ4Scales(views: MemoryViews): Kernels['packQ4Scales'] {
  const { u8, f32 } = views;
  return (scales, zeroPoints, zeroPointKind, firstRow, rows, weights, inputs) => {
    const w = q4Weights(views, weights, inputs);
    const scale = (row: number, block: number) => f32[(scales >> 2) + row * w.blocks + block];
    const zeroPoint = (row: number, block: number) => {
      if (zeroPointKind === 0) return 8;
      if (zeroPointKind === 2) return f32[(zeroPoints >> 2) + row * w.blocks + block];
      return (u8[zeroPoints + row * Math.ceil(w.blocks / 2) + (block >> 1)] >> ((block & 1) * 4)) & 15;
    };
    for (let row = 0; row < rows; row++) {
      const rowScales = Array.from({ length: w.blocks }, (_, block) => scale(row, block));
      const minima = rowScales.map((value, block) => Math.fround(value * zeroPoint(row, block)));
      const forScales = scaleFor(Math.max(...rowScales.map(Math.abs)), 32767);
      const forMinima = scaleFor(Math.max(...minima.map(Math.abs)), MAX_MINIMUM);
      w.setRowScales(firstRow + row, forScales.scale, forMinima.scale);
      for (let block = 0; block < w.blocks; block++) {
        w.setScale(firstRow + row, block, toInteger(rowScales[block], forScales.inverse));
        w.setMinimum(firstRow + row, block, toInteger(minima[block], forMinima.inverse));
      }
    }
  };
}
