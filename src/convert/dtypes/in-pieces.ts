import { BLOCK_SIZE } from '../quantize/block-quantizer.ts';
import type { Weight, WeightInPieces } from './dtype.ts';
import { isSymmetric } from './kept-blocks.ts';

/** Presents a table that is in memory as one that is read in pieces: it is one piece. */
export function inPieces(table: Weight | WeightInPieces): WeightInPieces {
  if ('pieces' in table) return table;
  const { shape, blocks } = table;
  return {
    shape,
    blocks: blocks && { bits: blocks.bits, isSymmetric: isSymmetric(blocks) },
    pieces: async function* () {
      yield table;
    },
  };
}

/** Blocks of one row of `width` values. */
export const countBlocks = (width: number): number => Math.ceil(width / BLOCK_SIZE);
