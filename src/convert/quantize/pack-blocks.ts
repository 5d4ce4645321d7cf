import type { QuantizedBlocks } from '../tensors/tensor-source.ts';
import { BLOCK_SIZE } from './block-quantizer.ts';

/**
 * Lays codes out as MatMulNBits reads them: [rows, blocks, BLOCK_SIZE * bits / 8]. The first of two 4-bit codes is the
 * lower half of their byte. A row whose width is not a multiple of BLOCK_SIZE is filled up; what is put there is never
 * multiplied.
 */
export function packCodes({ bits, codes }: QuantizedBlocks, width: number): Uint8Array {
  const paddedWidth = Math.ceil(width / BLOCK_SIZE) * BLOCK_SIZE;
  return packRows(codes, width, paddedWidth, bits);
}

/** Lays whole zero points out as MatMulNBits reads them: [rows, ceil(blocks * bits / 8)], in the order of the codes. */
export function packZeroPoints({ bits, zeroPoints }: QuantizedBlocks, blocksInRow: number): Uint8Array {
  const perByte = 8 / bits;
  return packRows(Uint8Array.from(zeroPoints), blocksInRow, Math.ceil(blocksInRow / perByte) * perByte, bits);
}

function packRows(codes: Uint8Array, width: number, paddedWidth: number, bits: 4 | 8): Uint8Array {
  const rows = codes.length / width;
  const padded = new Uint8Array(rows * paddedWidth);
  for (let row = 0; row < rows; row++) padded.set(codes.subarray(row * width, (row + 1) * width), row * paddedWidth);
  if (bits === 8) return padded;
  const packed = new Uint8Array(padded.length / 2);
  for (let index = 0; index < packed.length; index++) packed[index] = padded[2 * index] | (padded[2 * index + 1] << 4);
  return packed;
}
