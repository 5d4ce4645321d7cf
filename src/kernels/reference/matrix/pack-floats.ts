import type { Kernels } from '../../kernels.ts';
import type { MemoryViews } from '../../memory-views.ts';
import { f16Weights, f32Weights } from './float-layout.ts';

/** The twin of {@link Kernels.packF16}. */
export function packF16(views: MemoryViews): Kernels['packF16'] {
  return pack((weights, inputs) => f16Weights(views, weights, inputs).index, views.u16);
}

/** The twin of {@link Kernels.packF32}. */
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
