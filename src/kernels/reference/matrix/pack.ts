import type { Kernels } from '../../kernels.ts';
import { BLOCK_INPUTS, MAX_MINIMUM } from '../../layout-sizes.ts';
import type { MemoryViews } from '../../memory-views.ts';
import { scaleFor, toInteger } from '../arithmetic.ts';
import { f16Weights, f32Weights, q4Weights, q8Weights } from './layouts.ts';

/** The reference of {@link Kernels.packQ4Codes}. */
export function packQ4Codes(views: MemoryViews): Kernels['packQ4Codes'] {
  const { u8 } = views;
  return (source, first, count, weights, inputs) => {
    const w = q4Weights(views, weights, inputs);
    for (let index = 0; index < count; index++) {
      const output = Math.floor((first + index) / w.blocks);
      const block = (first + index) % w.blocks;
      for (let byte = 0; byte < 16; byte++) u8[w.codeByte(output, block * BLOCK_INPUTS + byte * 2)] = u8[source + index * 16 + byte];
    }
  };
}

/** The reference of {@link Kernels.packQ4Scales}. */
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

/** The reference of {@link Kernels.packQ8Codes}. */
export function packQ8Codes({ u8, i8 }: MemoryViews): Kernels['packQ8Codes'] {
  return (source, first, count, weights, inputs) => {
    const w = q8Weights(weights, inputs);
    const width = w.blocks * BLOCK_INPUTS;
    for (let index = 0; index < count * BLOCK_INPUTS; index++) {
      const at = first * BLOCK_INPUTS + index;
      i8[w.code(Math.floor(at / width), at % width)] = u8[source + index] - 128;
    }
  };
}

/** The reference of {@link Kernels.packQ8Scales}. */
export function packQ8Scales({ i16, f32 }: MemoryViews): Kernels['packQ8Scales'] {
  return (scales, firstRow, rows, weights, inputs) => {
    const w = q8Weights(weights, inputs);
    for (let row = 0; row < rows; row++) {
      const rowScales = Array.from({ length: w.blocks }, (_, block) => f32[(scales >> 2) + row * w.blocks + block]);
      const { scale, inverse } = scaleFor(Math.max(...rowScales.map(Math.abs)), 32767);
      f32[w.rowScale(firstRow + row)] = scale;
      for (const [block, value] of rowScales.entries()) i16[w.scale(firstRow + row, block)] = toInteger(value, inverse);
    }
  };
}

/** The reference of {@link Kernels.packF16}. */
export function packF16(views: MemoryViews): Kernels['packF16'] {
  return pack((weights, inputs) => f16Weights(views, weights, inputs).index, views.u16);
}

/** The reference of {@link Kernels.packF32}. */
export function packF32(views: MemoryViews): Kernels['packF32'] {
  return pack((weights, inputs) => f32Weights(views, weights, inputs).index, views.u32);
}

function pack(
  layout: (weights: number, inputs: number) => (output: number, input: number) => number,
  elements: Uint16Array | Uint32Array,
): Kernels['packF32'] {
  return (source, first, count, weights, outputs, inputs, transposed) => {
    const indexOf = layout(weights, inputs);
    for (let index = 0; index < count; index++) {
      const width = transposed ? outputs : inputs;
      const line = Math.floor((first + index) / width);
      const at = (first + index) % width;
      elements[transposed ? indexOf(at, line) : indexOf(line, at)] = elements[source / elements.BYTES_PER_ELEMENT + index];
    }
  };
}
