import type { QuantizedBlocks } from '../tensors/tensor-source.ts';
import type { Weight } from './dtype.ts';

/**
 * Returns the blocks that a weight comes with, if they can be kept as they are: they must have no more bits than were
 * asked for, and no zero points that ONNX Runtime cannot read. Quantizing them again could only lose precision, even
 * with more bits. A weight without such blocks is quantized from its values.
 */
export function keptBlocks({ blocks }: Weight, bits: 4 | 8): QuantizedBlocks | undefined {
  if (!blocks || blocks.bits > bits) return undefined;
  // MatMulNBits takes zero points in float32 only with 4 bits.
  return blocks.bits === 4 || isSymmetric(blocks) ? blocks : undefined;
}

/** Whether all zero points are the implicit one, 2^(bits - 1), so that none need be stored. */
export function isSymmetric({ bits, zeroPoints }: QuantizedBlocks): boolean {
  return zeroPoints.every((zeroPoint) => zeroPoint === 2 ** (bits - 1));
}
