import { LOG2E, ROUND } from './inline/constants';
import { exp2 } from './inline/exp2';
import { highPair, maxOfLanes, sumOfPairs } from './inline/vectors';

// Passes over the logits of a vocabulary. Each loop has several accumulators, because an addition to a sum waits some
// cycles for the one before it. Sums are of float64: in each 8 elements, `a` and `b` take the lower four, `c` and `d`
// the upper four, two lanes each. Precondition: width is a multiple of VOCABULARY_BLOCK (64).

/** See VocabularyKernels.argmax. */
export function argmax(logits: usize, width: i32): i32 {
  const end = logits + ((<usize>width) << 2);
  let a = f32x4.splat(-Infinity);
  let b = a;
  let c = a;
  let d = a;
  for (let x = logits; x < end; x += 64) {
    a = f32x4.pmax(a, v128.load(x));
    b = f32x4.pmax(b, v128.load(x, 16));
    c = f32x4.pmax(c, v128.load(x, 32));
    d = f32x4.pmax(d, v128.load(x, 48));
  }
  const greatest = maxOfLanes(f32x4.pmax(f32x4.pmax(a, b), f32x4.pmax(c, d)));
  for (let x = logits; x < end; x += 16) {
    const equal = i32x4.bitmask(f32x4.eq(v128.load(x), greatest));
    if (equal) return <i32>((x - logits) >> 2) + ctz(equal);
  }
  return 0;
}

/** See VocabularyKernels.exponentials. */
export function exponentials(logits: usize, weights: usize, width: i32, greatest: f32, scale: f32): f64 {
  const bytes = (<usize>width) << 2;
  const g = f32x4.splat(greatest);
  const s = f32x4.mul(f32x4.splat(scale), v128.load(LOG2E));
  const lowest = f32x4.splat(-127);
  const rounder = v128.load(ROUND);
  let a = f64x2.splat(0);
  let b = a;
  let c = a;
  let d = a;
  for (let i: usize = 0; i < bytes; i += 32) {
    const low = exp2(f32x4.mul(f32x4.sub(v128.load(logits + i), g), s), lowest, rounder);
    const high = exp2(f32x4.mul(f32x4.sub(v128.load(logits + i, 16), g), s), lowest, rounder);
    v128.store(weights + i, low);
    v128.store(weights + i, high, 16);
    a = f64x2.add(a, f64x2.promote_low_f32x4(low));
    b = f64x2.add(b, highPair(low));
    c = f64x2.add(c, f64x2.promote_low_f32x4(high));
    d = f64x2.add(d, highPair(high));
  }
  return sumOfPairs(a, b, c, d);
}

/** See VocabularyKernels.keepTo. */
export function keepTo(logits: usize, weights: usize, width: i32, bound: f32, last: i32): f64 {
  const bytes = (<usize>width) << 2;
  const from = f32x4.splat(bound);
  const to = i32x4.splat(last);
  const eight = i32x4.splat(8);
  let lowIds = i32x4(0, 1, 2, 3);
  let highIds = i32x4(4, 5, 6, 7);
  let a = f64x2.splat(0);
  let b = a;
  let c = a;
  let d = a;
  for (let i: usize = 0; i < bytes; i += 32) {
    const low = v128.and(v128.load(weights + i), isBefore(v128.load(logits + i), lowIds, from, to));
    const high = v128.and(v128.load(weights + i, 16), isBefore(v128.load(logits + i, 16), highIds, from, to));
    v128.store(weights + i, low);
    v128.store(weights + i, high, 16);
    lowIds = i32x4.add(lowIds, eight);
    highIds = i32x4.add(highIds, eight);
    a = f64x2.add(a, f64x2.promote_low_f32x4(low));
    b = f64x2.add(b, highPair(low));
    c = f64x2.add(c, f64x2.promote_low_f32x4(high));
    d = f64x2.add(d, highPair(high));
  }
  return sumOfPairs(a, b, c, d);
}

/** A mask of the tokens that do not rank after the token with logit `bound` and id `last`. */
// @ts-ignore: decorator
@inline
function isBefore(x: v128, ids: v128, bound: v128, last: v128): v128 {
  return v128.or(f32x4.gt(x, bound), v128.and(f32x4.eq(x, bound), i32x4.le_s(ids, last)));
}

/** See VocabularyKernels.countFrom. */
export function countFrom(logits: usize, width: i32, bound: f32): i32 {
  const end = logits + ((<usize>width) << 2);
  const from = f32x4.splat(bound);
  let a = i32x4.splat(0);
  let b = a;
  for (let x = logits; x < end; x += 32) {
    a = i32x4.sub(a, f32x4.ge(v128.load(x), from));
    b = i32x4.sub(b, f32x4.ge(v128.load(x, 16), from));
  }
  const lanes = i32x4.add(a, b);
  return i32x4.extract_lane(lanes, 0) + i32x4.extract_lane(lanes, 1) + i32x4.extract_lane(lanes, 2) + i32x4.extract_lane(lanes, 3);
}

/** See VocabularyKernels.sumFrom. */
export function sumFrom(logits: usize, weights: usize, width: i32, bound: f32): f64 {
  const bytes = (<usize>width) << 2;
  const from = f32x4.splat(bound);
  let a = f64x2.splat(0);
  let b = a;
  let c = a;
  let d = a;
  for (let i: usize = 0; i < bytes; i += 32) {
    const low = v128.and(v128.load(weights + i), f32x4.ge(v128.load(logits + i), from));
    const high = v128.and(v128.load(weights + i, 16), f32x4.ge(v128.load(logits + i, 16), from));
    a = f64x2.add(a, f64x2.promote_low_f32x4(low));
    b = f64x2.add(b, highPair(low));
    c = f64x2.add(c, f64x2.promote_low_f32x4(high));
    d = f64x2.add(d, highPair(high));
  }
  return sumOfPairs(a, b, c, d);
}

/** See VocabularyKernels.gatherBetween. */
export function gatherBetween(logits: usize, width: i32, low: f32, high: f32, ids: usize): i32 {
  const from = f32x4.splat(low);
  const below = f32x4.splat(high);
  let next = ids;
  for (let id = 0; id < width; id += 4) {
    const x = v128.load(logits + ((<usize>id) << 2));
    let found = i32x4.bitmask(v128.and(f32x4.ge(x, from), f32x4.lt(x, below)));
    for (; found; found &= found - 1, next += 4) store<i32>(next, id + ctz(found));
  }
  return <i32>((next - ids) >> 2);
}

/** See VocabularyKernels.pick. */
export function pick(weights: usize, width: i32, remaining: f64): i32 {
  for (let block = 0; block < width; block += 64) {
    const start = weights + ((<usize>block) << 2);
    let a = f64x2.splat(0);
    let b = a;
    let c = a;
    let d = a;
    for (let x = start; x < start + 256; x += 32) {
      const low = v128.load(x);
      const high = v128.load(x, 16);
      a = f64x2.add(a, f64x2.promote_low_f32x4(low));
      b = f64x2.add(b, highPair(low));
      c = f64x2.add(c, f64x2.promote_low_f32x4(high));
      d = f64x2.add(d, highPair(high));
    }
    const sum = sumOfPairs(a, b, c, d);
    if (remaining >= sum) {
      remaining -= sum;
      continue;
    }
    for (let i = 0; i < 64; i++) {
      remaining -= <f64>load<f32>(start + ((<usize>i) << 2));
      if (remaining < 0) return block + i;
    }
    // The block's sum, added in another order, was greater by a rounding error. The rest is left for the next block.
  }
  return -1;
}
