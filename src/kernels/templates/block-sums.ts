/**
 * How the products of a q4 block are summed, for one vector of outputs: 32 activations of 8 bits times 32 codes of 4
 * bits for each. The sum is an exact integer of at most 32 * 128 * 15 in magnitude, so that all ways give the same bits.
 */
export interface BlockSums {
  /** Declares the constants that the other expressions need. */
  readonly constants: string;
  /** Adds the products of 16 activations and 16 codes. Without `sum` they begin it. */
  readonly add: (sum: string | undefined, x: string, w: string) => string;
  /** Adds those of two vectors. */
  readonly addTwo: (sum: string | undefined, x0: string, w0: string, x1: string, w1: string) => string;
  /** What {@link scaled} multiplies by: of the record's block scales `scales` those of outputs 0..3 or 4..7. */
  readonly scales: (vector: number) => string;
  /** A sum times its block's scales, as float32: rounded once. */
  readonly scaled: (sum: string, scales: string) => string;
}

const dot = (x: string, w: string) => `dot(${x}, ${w})`;
const plus = (sum: string | undefined, term: string) => (sum === undefined ? term : `i16x8.add(${sum}, ${term})`);

/**
 * Sums of 16 bits: a lane adds 16 products of at most 127 * 15. Adding neighbouring lanes takes a dot product anyway. It
 * multiplies by the block's integer scales instead of by ones, so that scaling costs nothing.
 */
export const dots: BlockSums = {
  constants: '',
  add: (sum, x, w) => plus(sum, dot(x, w)),
  addTwo: (sum, x0, w0, x1, w1) => plus(sum, `i16x8.add(${dot(x0, w0)}, ${dot(x1, w1)})`),
  scales: (vector) => `v128.shuffle<i16>(scales, scales, ${[0, 2, 4, 6].map((word) => `${word + vector}, ${word + vector}`).join(', ')})`,
  scaled: (sum, scales) => `f32x4.convert_i32x4_s(i32x4.dot_i16x8_s(${sum}, ${scales}))`,
};

/**
 * Sums of 32 bits by the dot product that adds, for processors on which V8 makes one instruction of it. A sum begins at
 * the bits of the float 1.5 * 2^23, whose lowest mantissa bit is worth 1: as a float it is then 1.5 * 2^23 plus the
 * products, and a subtraction, which is exact, takes the place of a conversion. The float sum has at most 17 bits and
 * a scale 15, so that their product rounds once, as the conversion of the integer product does.
 */
export const dotAdds: BlockSums = {
  constants: 'const begin = v128.load(ROUND);',
  add: (sum, x, w) => `dotAdd(${x}, ${w}, ${sum ?? 'begin'})`,
  addTwo: (sum, x0, w0, x1, w1) => `dotAdd(${x1}, ${w1}, dotAdd(${x0}, ${w0}, ${sum ?? 'begin'}))`,
  scales: (vector) => `f32x4.convert_i32x4_s(i32x4.shr_s(${vector ? 'scales' : 'i32x4.shl(scales, 16)'}, 16))`,
  scaled: (sum, scales) => `f32x4.mul(f32x4.sub(${sum}, begin), ${scales})`,
};
