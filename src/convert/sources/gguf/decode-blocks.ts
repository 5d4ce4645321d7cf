import type { QuantizedBlocks, TensorValues } from '../../tensors/tensor-source.ts';
import { readScale } from './block-scale.ts';

/**
 * Values of one block in GGML's older formats. Each block has one scale and, in the second variant of each format, the
 * block's minimum. All mean value = scale * (code - zeroPoint), and so are carried over as they are. The layouts are
 * those of ggml-common.h, the arithmetic is that of ggml-quants.c.
 */
const BLOCK = 32;

/** Where a tensor's values go, and its blocks: a code for each value, a scale and a zero point for each block. */
interface BlockTarget {
  readonly values: Float32Array;
  readonly blocks: QuantizedBlocks;
}

/** One format: where a block's codes are, and what turns them into values. */
interface Layout {
  readonly bits: QuantizedBlocks['bits'];
  readonly blockBytes: number;
  /** The code of the value 0. Undefined if the block states its minimum instead, as a float16 after the scale. */
  readonly zeroPoint?: number;
  /** Writes a block's 32 codes to `codes` from `to` on. */
  unpack(bytes: Uint8Array, from: number, codes: Uint8Array, to: number): void;
}

export const decodeQ4_0 = decoder({
  bits: 4,
  blockBytes: 18,
  zeroPoint: 8,
  unpack: (b, at, codes, to) => unpackNibbles(b, at + 2, codes, to),
});
export const decodeQ4_1 = decoder({ bits: 4, blockBytes: 20, unpack: (b, at, codes, to) => unpackNibbles(b, at + 4, codes, to) });
export const decodeQ5_0 = decoder({
  bits: 8,
  blockBytes: 22,
  zeroPoint: 128,
  unpack: (b, at, codes, to) => unpackFives(b, at + 2, codes, to, 112),
});
const decodeQ5_1Blocks = decoder({ bits: 8, blockBytes: 24, unpack: (b, at, codes, to) => unpackFives(b, at + 4, codes, to, 0) });
/** Returns no blocks, since MatMulNBits takes no zero point for each block with 8 bits. */
export const decodeQ5_1 = (bytes: Uint8Array): TensorValues => ({ values: decodeQ5_1Blocks(bytes).values });
export const decodeQ8_0 = decoder({
  bits: 8,
  blockBytes: 34,
  zeroPoint: 128,
  unpack: (b, at, codes, to) => unpackBytes(b, at + 2, codes, to),
});

function decoder(layout: Layout): (bytes: Uint8Array) => TensorValues {
  return (bytes) => {
    const count = bytes.length / layout.blockBytes;
    const codes = new Uint8Array(count * BLOCK);
    const blocks = { bits: layout.bits, codes, scales: new Float32Array(count), zeroPoints: new Float32Array(count) };
    const target = { values: new Float32Array(count * BLOCK), blocks };
    for (let block = 0; block < count; block++) {
      const at = block * layout.blockBytes;
      layout.unpack(bytes, at, codes, block * BLOCK);
      const scale = readScale(bytes, at, block, 'scale');
      if (layout.zeroPoint !== undefined) fillAroundZero(target, block, scale, layout.zeroPoint);
      else fillAbove(target, block, scale, readScale(bytes, at + 2, block, 'minimum'));
    }
    return target;
  };
}

function fillAroundZero({ values, blocks }: BlockTarget, block: number, scale: number, zeroPoint: number): void {
  blocks.scales[block] = scale;
  blocks.zeroPoints[block] = zeroPoint;
  for (let index = block * BLOCK; index < (block + 1) * BLOCK; index++) values[index] = scale * (blocks.codes[index] - zeroPoint);
}

function fillAbove({ values, blocks }: BlockTarget, block: number, scale: number, minimum: number): void {
  for (let index = block * BLOCK; index < (block + 1) * BLOCK; index++) values[index] = scale * blocks.codes[index] + minimum;
  blocks.scales[block] = scale === 0 ? minimum : scale;
  // A block whose values are all the same has a scale of 0, which cannot express a zero point. Its value becomes the
  // scale, and each code 1.
  blocks.zeroPoints[block] = scale === 0 ? 0 : -minimum / scale;
  if (scale === 0) blocks.codes.fill(1, block * BLOCK, (block + 1) * BLOCK);
}

/** Unpacks 16 bytes, whose low halves are the values 0 to 15 and whose high halves are 16 to 31. */
function unpackNibbles(bytes: Uint8Array, from: number, codes: Uint8Array, to: number): void {
  for (let index = 0; index < 16; index++) {
    codes[to + index] = bytes[from + index] & 15;
    codes[to + index + 16] = bytes[from + index] >> 4;
  }
}

/**
 * Unpacks 4 bytes with the fifth bit of each value, and the nibbles after them. `shift` is added to each code: 112
 * moves the zero point from 16 to the 128 of 8 bits.
 */
function unpackFives(bytes: Uint8Array, from: number, codes: Uint8Array, to: number, shift: number): void {
  unpackNibbles(bytes, from + 4, codes, to);
  for (let index = 0; index < BLOCK; index++) {
    const fifth = (bytes[from + (index >> 3)] >> (index & 7)) & 1;
    codes[to + index] = (codes[to + index] | (fifth << 4)) + shift;
  }
}

/** Unpacks 32 signed bytes. Adding 128 makes them the codes that ONNX Runtime takes. */
function unpackBytes(bytes: Uint8Array, from: number, codes: Uint8Array, to: number): void {
  for (let index = 0; index < BLOCK; index++) codes[to + index] = bytes[from + index] ^ 128;
}
