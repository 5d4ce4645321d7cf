import { Float16Array } from '@petamoriken/float16';

/** Every float16 by its bits: looking up is several times as fast as converting one by one. */
let values: Float32Array | undefined;

/** Reads the little-endian float16 at `offset`. */
export function float16At(bytes: Uint8Array, offset: number): number {
  values ??= new Float32Array(new Float16Array(Uint16Array.from({ length: 2 ** 16 }, (_, bits) => bits).buffer));
  return values[bytes[offset] | (bytes[offset + 1] << 8)];
}
