import type { TensorValues } from '../../tensors/tensor-source.ts';
import { readScale } from './block-scale.ts';

/**
 * Values of one block in GGML's K formats. A block has 8 or 16 parts, whose scales of 6 or 8 bits are multiplied by one
 * of the block. Only the values are kept, not the blocks. The layouts are those of ggml-common.h, the arithmetic is
 * that of ggml-quants.c: every product is exact in float32, so the last subtraction rounds once, and nothing else does.
 */
const BLOCK = 256;

/**
 * Bytes of a block: float16 d, float16 dmin, 12 bytes of scales and minimums, 128 bytes of low nibbles. Q5_K has 32
 * bytes of fifth bits before the nibbles.
 */
const Q4_K_BYTES = 144;
const Q5_K_BYTES = 176;
/** Bytes of a block: 128 of low nibbles, 64 of two high bits each, 16 signed scales, float16 d. */
const Q6_K_BYTES = 210;

export function decodeQ4_K(bytes: Uint8Array): TensorValues {
  return decodeWithMinimums(bytes, Q4_K_BYTES, false);
}

export function decodeQ5_K(bytes: Uint8Array): TensorValues {
  return decodeWithMinimums(bytes, Q5_K_BYTES, true);
}

export function decodeQ6_K(bytes: Uint8Array): TensorValues {
  const count = bytes.length / Q6_K_BYTES;
  const values = new Float32Array(count * BLOCK);
  for (let block = 0; block < count; block++) {
    const at = block * Q6_K_BYTES;
    const scale = readScale(bytes, at + 208, block, 'scale');
    for (let index = 0; index < BLOCK; index++) {
      const part = (bytes[at + 192 + (index >> 4)] << 24) >> 24;
      values[block * BLOCK + index] = scale * part * (sixBits(bytes, at, index) - 32);
    }
  }
  return { values };
}

/**
 * Returns the code of value `index` of a block. Each half of 128 values has four rows of 32. Two rows share their bytes
 * of nibbles, and all four their bytes of high bits.
 */
function sixBits(bytes: Uint8Array, at: number, index: number): number {
  const half = index >> 7;
  const row = (index >> 5) & 3;
  const column = index & 31;
  const low = bytes[at + half * 64 + (row & 1) * 32 + column] >> (row >= 2 ? 4 : 0);
  const high = bytes[at + 128 + half * 32 + column] >> (2 * row);
  return (low & 15) | ((high & 3) << 4);
}

function decodeWithMinimums(bytes: Uint8Array, blockBytes: number, hasFifthBits: boolean): TensorValues {
  const count = bytes.length / blockBytes;
  const values = new Float32Array(count * BLOCK);
  for (let block = 0; block < count; block++) {
    const at = block * blockBytes;
    const scale = readScale(bytes, at, block, 'scale');
    const minimum = readScale(bytes, at + 2, block, 'minimum');
    const nibbles = at + 16 + (hasFifthBits ? 32 : 0);
    for (let part = 0; part < 8; part++) {
      const partScale = scale * scaleBits(bytes, at + 4, part);
      const partMinimum = minimum * minimumBits(bytes, at + 4, part);
      const from = nibbles + (part >> 1) * 32;
      const to = block * BLOCK + part * 32;
      for (let index = 0; index < 32; index++) {
        const low = (bytes[from + index] >> (4 * (part & 1))) & 15;
        const code = hasFifthBits ? low | (((bytes[at + 16 + index] >> part) & 1) << 4) : low;
        values[to + index] = partScale * code - partMinimum;
      }
    }
  }
  return { values };
}

/**
 * Returns a part's scale of 6 bits. Parts 0 to 3 are in bytes 0 to 3. Parts 4 to 7 have their low 4 bits in bytes 8 to
 * 11, and their high 2 bits at the top of bytes 0 to 3.
 */
function scaleBits(bytes: Uint8Array, at: number, part: number): number {
  return part < 4 ? bytes[at + part] & 63 : (bytes[at + part + 4] & 15) | ((bytes[at + part - 4] >> 6) << 4);
}

/**
 * Returns a part's minimum, which lies as its scale does, but in bytes 4 to 7 and in the high halves of bytes 8 to 11.
 */
function minimumBits(bytes: Uint8Array, at: number, part: number): number {
  return part < 4 ? bytes[at + part + 4] & 63 : (bytes[at + part + 4] >> 4) | ((bytes[at + part] >> 6) << 4);
}
