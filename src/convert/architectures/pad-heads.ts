import type { Weight } from '../dtypes/dtype.ts';

/** Sizes of attention heads in a checkpoint and in the graph. */
export interface HeadPadding {
  /** Values of one head in the checkpoint. */
  readonly from: number;
  /** Values of one head in the graph, at least `from`. */
  readonly to: number;
}

/** GroupQueryAttention takes head sizes that are multiples of this. */
const HEAD_MULTIPLE = 16;

/** The size at which heads of `size` values run. Zeros at the end of a query, a key or a value change no product. */
export function paddedHeadSize(size: number): number {
  return Math.ceil(size / HEAD_MULTIPLE) * HEAD_MULTIPLE;
}

/** Puts zeros behind each head along the last axis: [..., heads * from] becomes [..., heads * to]. */
export function padHeadColumns({ shape, values }: Weight, { from, to }: HeadPadding): Weight {
  if (from === to) return { shape, values };
  const heads = values.length / from;
  const padded = new Float32Array(heads * to);
  for (let head = 0; head < heads; head++) padded.set(values.subarray(head * from, (head + 1) * from), head * to);
  return { shape: [...shape.slice(0, -1), (shape[shape.length - 1] / from) * to], values: padded };
}

/** Puts rows of zeros behind each head along the first axis: [heads * from, outputs] becomes [heads * to, outputs]. */
export function padHeadRows({ shape: [rows, outputs], values }: Weight, { from, to }: HeadPadding): Weight {
  const flat = padHeadColumns({ shape: [rows * outputs], values }, { from: from * outputs, to: to * outputs });
  return { shape: [(rows / from) * to, outputs], values: flat.values };
}
