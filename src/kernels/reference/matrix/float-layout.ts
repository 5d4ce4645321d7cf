import type { MemoryViews } from '../../memory-views.ts';

/** A packed matrix of floats: where each element lies in u16 or f32, and its value. */
export interface FloatWeights {
  index(output: number, input: number): number;
  value(output: number, input: number): number;
}

export function f32Weights({ f32 }: MemoryViews, weights: number, inputs: number): FloatWeights {
  const index = (output: number, input: number) => (weights >> 2) + ((output >> 4) * inputs + input) * 16 + (output & 15);
  return { index, value: (output, input) => f32[index(output, input)] };
}

/** In each eight of an input's 16 halves, outputs 0..3 stand in the low halves of words, 4..7 in the high ones. */
export function f16Weights({ u16 }: MemoryViews, weights: number, inputs: number): FloatWeights {
  const place = (output: number) => (output & 8) + (output & 3) * 2 + ((output >> 2) & 1);
  const index = (output: number, input: number) => (weights >> 1) + ((output >> 4) * inputs + input) * 16 + place(output);
  return { index, value: (output, input) => fromHalf(u16[index(output, input)]) };
}

/** float16 as a number; infinities and NaNs count as if their exponent were one more than the largest. */
export function fromHalf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 31;
  const mantissa = half & 1023;
  return sign * (exponent === 0 ? mantissa * 2 ** -24 : (1024 + mantissa) * 2 ** (exponent - 25));
}
