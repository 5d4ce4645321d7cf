import { GptEdgeError } from '../../core/errors.ts';
import { MAX_WEIGHTS_BYTES } from '../../core/limits.ts';
import type { Weight } from '../dtypes/dtype.ts';
import type { QuantizedBlocks } from '../tensors/tensor-source.ts';

/** The size of attention heads, or of their halves, in a checkpoint and in the graph. */
export interface HeadPadding {
  /** Values of one head in the checkpoint. */
  readonly from: number;
  /** Values of one head in the graph, at least `from`. */
  readonly to: number;
}

/** GroupQueryAttention takes only head sizes that are multiples of this. */
const HEAD_MULTIPLE = 16;

/**
 * Returns the size that heads of `size` values have in the graph. Zeros at the end of a query, a key or a value change
 * no product.
 */
export function paddedHeadSize(size: number): number {
  return Math.ceil(size / HEAD_MULTIPLE) * HEAD_MULTIPLE;
}

/**
 * Appends zeros to each head along the last axis: [..., heads * from] becomes [..., heads * to]. Quantized blocks are
 * given up: they lie along this axis, and padding always shifts values across their borders, since only heads whose
 * size is not a multiple of 16 need it.
 * @throws GptEdgeError `unsupported_model` if that grows the weight beyond MAX_WEIGHTS_BYTES
 */
export function padHeadColumns(weight: Weight, { from, to }: HeadPadding): Weight {
  if (from === to) return weight;
  const { shape, values } = weight;
  return { shape: [...shape.slice(0, -1), (shape[shape.length - 1] / from) * to], values: spread(values, { from, to }) };
}

/**
 * Appends rows of zeros to each head along the first axis: [heads * from, columns] becomes [heads * to, columns].
 * Quantized blocks are kept.
 * @throws GptEdgeError `unsupported_model` if that grows the weight beyond MAX_WEIGHTS_BYTES
 */
export function padHeadRows(weight: Weight, { from, to }: HeadPadding): Weight {
  if (from === to) return weight;
  const { shape, values, blocks } = weight;
  const [rows, columns] = shape;
  const times = (size: number) => ({ from: from * size, to: to * size });
  const padded = { shape: [(rows / from) * to, columns], values: spread(values, times(columns)) };
  return blocks ? { ...padded, blocks: padBlocks(blocks, times(columns), times(blocks.scales.length / rows)) } : padded;
}

/**
 * Pads with blocks of zeros, whose scale is 0. Their codes and zero points repeat the first block's, so that symmetric
 * blocks stay symmetric.
 */
function padBlocks(blocks: QuantizedBlocks, values: HeadPadding, perBlock: HeadPadding): QuantizedBlocks {
  return {
    bits: blocks.bits,
    codes: spread(blocks.codes, values, blocks.codes[0]),
    scales: spread(blocks.scales, perBlock),
    zeroPoints: spread(blocks.zeroPoints, perBlock, blocks.zeroPoints[0]),
  };
}

/** Copies pieces of `from` values into pieces of `to`, and fills the rest of each with `filling`. */
function spread<T extends Float32Array | Uint8Array>(values: T, { from, to }: HeadPadding, filling = 0): T {
  const pieces = values.length / from;
  checkBytes(pieces * to * values.BYTES_PER_ELEMENT, `heads of ${from} values padded to ${to}`);
  const padded = new (values.constructor as new (length: number) => T)(pieces * to).fill(filling) as T;
  for (let piece = 0; piece < pieces; piece++) padded.set(values.subarray(piece * from, (piece + 1) * from), piece * to);
  return padded;
}

function checkBytes(bytes: number, what: string): void {
  if (bytes <= MAX_WEIGHTS_BYTES) return;
  throw new GptEdgeError('unsupported_model', `${what} take ${bytes} bytes, over the limit of ${MAX_WEIGHTS_BYTES}`, {
    param: 'config.json',
  });
}
