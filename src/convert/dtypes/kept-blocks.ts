import type { BlockKind, QuantizedBlocks, TensorValues } from '../tensors/tensor-source.ts';

/**
 * Returns the blocks that a weight comes with, if they can be kept as they are: they must have no more bits than were
 * asked for, and no zero points that ONNX Runtime cannot read. Quantizing them again could only lose precision, even
 * with more bits. A weight without such blocks is quantized from its values.
 */
export function keptBlocks({ blocks }: TensorValues, bits: 4 | 8): QuantizedBlocks | undefined {
  return blocks && isKept({ bits: blocks.bits, isSymmetric: isSymmetric(blocks) }, bits) ? blocks : undefined;
}

/** Whether blocks of this kind can be kept where `bits` were asked for. */
export function isKept(kind: BlockKind, bits: 4 | 8): boolean {
  // MatMulNBits takes zero points in float32 only with 4 bits.
  return kind.bits <= bits && (kind.bits === 4 || kind.isSymmetric);
}

/** Whether all zero points are the implicit one, 2^(bits - 1), so that none need be stored. */
export function isSymmetric({ bits, zeroPoints }: QuantizedBlocks): boolean {
  return zeroPoints.every((zeroPoint) => zeroPoint === 2 ** (bits - 1));
}
