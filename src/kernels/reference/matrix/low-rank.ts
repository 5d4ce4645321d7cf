import type { Kernels } from '../../kernels.ts';
import { LOW_RANK_PANEL } from '../../layout-sizes.ts';
import type { MemoryViews } from '../../memory-views.ts';
import { add, multiply } from '../arithmetic.ts';
import { fromHalf } from './layouts.ts';

/** How many times too small weights of float16 are multiplied. */
const HALF_SCALE = 2 ** 112;

/** The reference of {@link Kernels.addLowRank}. */
export function addLowRank({ f32, u16 }: MemoryViews): Kernels['addLowRank'] {
  const panels = (start: number, inputs: number, isHalf: number) => (output: number, input: number) => {
    const first = (Math.floor(output / LOW_RANK_PANEL) * inputs + input) * LOW_RANK_PANEL;
    const place = output % LOW_RANK_PANEL;
    if (!isHalf) return f32[(start >> 2) + first + place];
    return fromHalf(u16[(start >> 1) + first + (place & 3) * 2 + (place >> 2)]) / HALF_SCALE;
  };
  return (x, xStride, down, up, y, yStride, rows, inputs, outputs, rank, exponent, isHalf) => {
    const first = panels(down, inputs, isHalf);
    const second = panels(up, rank, isHalf);
    const factor = HALF_SCALE * 2 ** exponent;
    for (let row = 0; row < rows; row++) {
      const from = (x + row * xStride) >> 2;
      const between = Float32Array.from({ length: rank }, (_, output) => {
        const sum = dot(inputs, (input) => multiply(f32[from + input], first(output, input)));
        return isHalf ? multiply(multiply(sum, factor), HALF_SCALE) : sum;
      });
      for (let output = 0; output < Math.ceil(outputs / LOW_RANK_PANEL) * LOW_RANK_PANEL; output++) {
        const at = ((y + row * yStride) >> 2) + output;
        f32[at] = add(
          f32[at],
          dot(rank, (input) => multiply(between[input], second(output, input))),
        );
      }
    }
  };
}

/** Sums products input after input; each is rounded to float32. */
function dot(inputs: number, product: (input: number) => number): number {
  let sum = 0;
  for (let input = 0; input < inputs; input++) sum = add(sum, product(input));
  return sum;
}
