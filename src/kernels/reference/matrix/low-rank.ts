import type { Kernels } from '../../kernels.ts';
import { BLOCK_INPUTS, LOW_RANK_PANEL } from '../../layout-sizes.ts';
import { q8ActivationBytes } from '../../matrix-layouts.ts';
import type { MemoryViews } from '../../memory-views.ts';
import { add, integerDot, multiply } from '../arithmetic.ts';
import { q8Activations } from './layouts.ts';
import { matMulQ8 } from './mat-mul.ts';
import { quantizeForQ8 } from './quantize.ts';

/** The reference of {@link Kernels.addLowRank}. */
export function addLowRank(views: MemoryViews): Kernels['addLowRank'] {
  const { f32 } = views;
  return (x, xStride, down, up, y, yStride, rows, inputs, outputs, rank, isQuantized, scratch) => {
    const product = isQuantized ? quantizedProduct : floatProduct;
    for (let row = 0; row < rows; row++) {
      const added = product(views, { x: x + row * xStride, down, up, inputs, rank, scratch });
      for (let output = 0; output < Math.ceil(outputs / LOW_RANK_PANEL) * LOW_RANK_PANEL; output++) {
        const at = ((y + row * yStride) >> 2) + output;
        f32[at] = add(f32[at], added(output));
      }
    }
  };
}

interface Product {
  /** The address of the row. */
  readonly x: number;
  readonly down: number;
  readonly up: number;
  readonly inputs: number;
  readonly rank: number;
  readonly scratch: number;
}

type Added = (output: number) => number;

function floatProduct({ f32 }: MemoryViews, { x, down, up, inputs, rank }: Product): Added {
  const weight = (start: number, width: number) => (output: number, input: number) =>
    f32[(start >> 2) + (Math.floor(output / LOW_RANK_PANEL) * width + input) * LOW_RANK_PANEL + (output % LOW_RANK_PANEL)];
  const [first, second] = [weight(down, inputs), weight(up, rank)];
  const between = Float32Array.from({ length: rank }, (_, output) =>
    dot(inputs, (input) => multiply(f32[(x >> 2) + input], first(output, input))),
  );
  return (output) => dot(rank, (input) => multiply(between[input], second(output, input)));
}

function quantizedProduct(views: MemoryViews, { x, down, up, inputs, rank, scratch }: Product): Added {
  const { i8, i16, f32 } = views;
  const between = scratch + q8ActivationBytes(1, inputs);
  const records = between + rank * 4;
  quantizeForQ8(views)(x, 0, scratch, 1, inputs);
  matMulQ8(views)(scratch, down, between, 0, 1, rank, inputs, 0);
  quantizeForQ8(views)(between, 0, records, 1, rank);
  const { blocks, code, scale } = q8Activations(records, 1, rank);
  return (output) => {
    const group = up + Math.floor(output / LOW_RANK_PANEL) * (rank * LOW_RANK_PANEL + 16);
    const place = output % LOW_RANK_PANEL;
    const weight = (r: number) => i8[group + (r >> 1) * 16 + place * 2 + (r & 1)];
    const sums = Array.from({ length: blocks }, (_, block) => {
      const first = block * BLOCK_INPUTS;
      const sum = integerDot(
        Math.min(BLOCK_INPUTS, rank - first),
        (index) => weight(first + index),
        (index) => i16[code(0, first + index)],
      );
      return multiply(Math.fround(sum), f32[scale(0, block)]);
    });
    return multiply(sums.reduce(add, 0), i16[((group + rank * LOW_RANK_PANEL) >> 1) + place]);
  };
}

/** Sums products input after input; each is rounded to float32. */
function dot(inputs: number, product: (input: number) => number): number {
  let sum = 0;
  for (let input = 0; input < inputs; input++) sum = add(sum, product(input));
  return sum;
}
