import type { QuantizedBlocks } from '../tensors/tensor-source.ts';
import type { Weight } from './dtype.ts';

/**
 * The blocks that a weight comes with, where they are kept as they are: no more bits than asked for, and no zero points that ONNX
 * Runtime lacks. Quantizing anew could only lose, even where more bits were asked for. Any other weight is quantized from its values.
 */
export function keptBlocks({ blocks }: Weight, bits: 4 | 8): QuantizedBlocks | undefined {
  if (!blocks || blocks.bits > bits) return undefined;
  // MatMulNBits takes zero points in float32 with 4 bits only.
  return blocks.bits === 4 || isSymmetric(blocks) ? blocks : undefined;
}

/** Whether all zero points are the one that goes without saying. */
export function isSymmetric({ bits, zeroPoints }: QuantizedBlocks): boolean {
  return zeroPoints.every((zeroPoint) => zeroPoint === 2 ** (bits - 1));
}
