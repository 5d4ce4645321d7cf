import { kvHeadBytes } from '../../attention-layouts.ts';
import type { Kernels } from '../../kernels.ts';
import type { MemoryViews } from '../../memory-views.ts';
import { quantize } from '../arithmetic.ts';
import { placesF32, placesQ8 } from './places.ts';

/** The reference of {@link Kernels.appendF32}. */
export function appendF32(views: MemoryViews): Kernels['appendF32'] {
  const { f32 } = views;
  return (key, keyStride, value, valueStride, pageTable, offset, position, rows, keyValueHeads, headDimension) => {
    for (let row = 0; row < rows; row++)
      for (let head = 0; head < keyValueHeads; head++) {
        const places = placesF32(views, pageTable, offset + head * kvHeadBytes('F32', headDimension), headDimension);
        for (let d = 0; d < headDimension; d++) {
          const at = head * headDimension + d;
          f32[places.key(position + row, d)] = f32[((key + row * keyStride) >> 2) + at];
          f32[places.value(position + row, d)] = f32[((value + row * valueStride) >> 2) + at];
        }
      }
  };
}

/** The reference of {@link Kernels.appendQ8}. */
export function appendQ8(views: MemoryViews): Kernels['appendQ8'] {
  const { f32, i8 } = views;
  return (key, keyStride, value, valueStride, pageTable, offset, position, rows, keyValueHeads, headDimension) => {
    const part = (address: number, head: number) => {
      const start = (address >> 2) + head * headDimension;
      return quantize(f32.slice(start, start + headDimension), 8);
    };
    for (let row = 0; row < rows; row++)
      for (let head = 0; head < keyValueHeads; head++) {
        const places = placesQ8(views, pageTable, offset + head * kvHeadBytes('Q8', headDimension), headDimension);
        const k = part(key + row * keyStride, head);
        const v = part(value + row * valueStride, head);
        f32[places.keyScale(position + row)] = k.step;
        f32[places.valueScale(position + row)] = v.step;
        for (let d = 0; d < headDimension; d++) {
          i8[places.key(position + row, d)] = k.codes[d];
          i8[places.value(position + row, d)] = v.codes[d];
        }
      }
  };
}
