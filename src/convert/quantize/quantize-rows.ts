import { GptEdgeError } from '../../core/errors.ts';
import type { QuantizedBlocks } from '../tensors/tensor-source.ts';
import { BLOCK_SIZE, type BlockQuantizer } from './block-quantizer.ts';

/**
 * A matrix whose rows are cut into blocks. The last block of a row is shorter if `width` is not a multiple of
 * BLOCK_SIZE.
 */
export interface BlockedRows {
  /** [rows, width], row-major. */
  readonly values: Float32Array;
  readonly width: number;
  /** The number of the first value, if they are a piece of a larger matrix. It is for messages alone. */
  readonly first?: number;
}

/** Quantizes the rows of a matrix, as quantizeRows does. */
export type RowQuantizer = (rows: BlockedRows, name: string, bits: 4 | 8, quantize: BlockQuantizer) => QuantizedBlocks;

/**
 * Quantizes every block of every row on its own.
 * @param name names the tensor in errors
 * @throws GptEdgeError `unsupported_model`, naming a value that is not finite, or a block whose scale is beyond
 *   float16's range
 */
export const quantizeRows: RowQuantizer = ({ values, width, first = 0 }, name, bits, quantize) => {
  checkFinite(values, name, first);
  const rows = values.length / width;
  const blocksInRow = Math.ceil(width / BLOCK_SIZE);
  const codes = new Uint8Array(values.length);
  const scales = new Float32Array(rows * blocksInRow);
  const zeroPoints = new Float32Array(rows * blocksInRow);
  for (let row = 0, block = 0; row < rows; row++) {
    for (let column = 0; column < width; column += BLOCK_SIZE, block++) {
      const start = row * width + column;
      const end = Math.min(start + BLOCK_SIZE, (row + 1) * width);
      const fit = quantize(values.subarray(start, end), bits, codes.subarray(start, end));
      if (!fit)
        throw refuse(
          `${name}: the scale for values ${first + start} to ${first + end - 1} is beyond float16's limit of 65504; convert to fp32 instead`,
        );
      scales[block] = fit.scale;
      zeroPoints[block] = fit.zeroPoint;
    }
  }
  return { bits, codes, scales, zeroPoints };
};

function checkFinite(values: Float32Array, name: string, first: number): void {
  const broken = values.findIndex((value) => !Number.isFinite(value));
  if (broken >= 0) throw refuse(`${name}: value ${first + broken} is ${values[broken]}`);
}

function refuse(problem: string): GptEdgeError {
  return new GptEdgeError('unsupported_model', problem, { param: 'dtype' });
}
