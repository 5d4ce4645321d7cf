import { float16Values } from '../../tensors/decode-floats.ts';

/** Thrown for a block whose scale is not a finite number, since then none of its values would be. */
export class BrokenBlock extends Error {
  readonly block: number;
  readonly problem: string;

  /** @param block counts from the first block that was to be decoded */
  constructor(block: number, problem: string) {
    super(`block ${block}: ${problem}`);
    this.block = block;
    this.problem = problem;
  }
}

/**
 * Reads one of a block's scales, the little-endian float16 at `offset`.
 * @throws BrokenBlock, naming the block, if it is NaN or infinite
 */
export function readScale(bytes: Uint8Array, offset: number, block: number, name: string): number {
  const value = float16Values()[bytes[offset] | (bytes[offset + 1] << 8)];
  if (Number.isFinite(value)) return value;
  throw new BrokenBlock(block, `${name} is ${value}, which is not finite`);
}
