import { float16At } from './float16-at.ts';

/** A block whose scale is no finite number: every value of it would be none either. */
export class BrokenBlock extends Error {}

/**
 * The float16 at `offset`, one of a block's scales.
 * @throws BrokenBlock, naming the block, when it is NaN or infinite
 */
export function finiteScale(bytes: Uint8Array, offset: number, block: number, name: string): number {
  const value = float16At(bytes, offset);
  if (Number.isFinite(value)) return value;
  throw new BrokenBlock(`block ${block}: ${name} is ${value}, which is not finite`);
}
