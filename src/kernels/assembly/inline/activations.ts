import * as c from './constants';

// Activations of four floats. The coefficients and their errors are in coefficients.ts.

/** a x + b, rounded twice. */
// @ts-ignore: decorator
@inline
function multiplyAdd(a: v128, x: v128, b: v128): v128 {
  return f32x4.add(f32x4.mul(a, x), b);
}

/** e^x with a relative error of 2e-7; exactly 0 below -87.7, and e^88 above 88. */
// @ts-ignore: decorator
@inline
export function exp(v: v128): v128 {
  const x = f32x4.pmax(f32x4.pmin(v, v128.load(c.EXP_HIGHEST)), v128.load(c.EXP_LOWEST));
  const rounder = v128.load(c.ROUND);
  const whole = f32x4.add(f32x4.mul(x, v128.load(c.LOG2E)), rounder);
  const n = f32x4.sub(whole, rounder);
  const r = f32x4.sub(f32x4.sub(x, f32x4.mul(n, v128.load(c.LN2_HIGH))), f32x4.mul(n, v128.load(c.LN2_LOW)));
  const square = f32x4.mul(r, r);
  const high = multiplyAdd(multiplyAdd(v128.load(c.N6), r, v128.load(c.N5)), r, v128.load(c.N4));
  const low = multiplyAdd(v128.load(c.N3), r, v128.load(c.N2));
  const p = f32x4.add(f32x4.add(f32x4.mul(f32x4.add(f32x4.mul(high, square), low), square), r), v128.load(c.ONE));
  return f32x4.mul(p, i32x4.add(i32x4.shl(whole, 23), v128.load(c.ONE)));
}

/** 1 / (1 + e^-x) */
// @ts-ignore: decorator
@inline
export function sigmoidOf(x: v128): v128 {
  const one = v128.load(c.ONE);
  return f32x4.div(one, f32x4.add(one, exp(f32x4.neg(x))));
}

/** x / (1 + e^-x) */
// @ts-ignore: decorator
@inline
export function siluOf(x: v128): v128 {
  return f32x4.div(x, f32x4.add(v128.load(c.ONE), exp(f32x4.neg(x))));
}

/** max(x, 0) */
// @ts-ignore: decorator
@inline
export function reluOf(x: v128): v128 {
  return f32x4.pmax(f32x4.splat(0), x);
}

/** 1 - 2 / (e^2|x| + 1) with the sign of x; near 0, where that would cancel, a polynomial. */
// @ts-ignore: decorator
@inline
export function tanhOf(x: v128): v128 {
  const one = v128.load(c.ONE);
  const a = f32x4.abs(x);
  const twice = f32x4.add(a, a);
  const large = f32x4.sub(one, f32x4.div(f32x4.add(one, one), f32x4.add(exp(twice), one)));
  const square = f32x4.mul(x, x);
  const p = multiplyAdd(
    multiplyAdd(multiplyAdd(v128.load(c.T3), square, v128.load(c.T2)), square, v128.load(c.T1)),
    square,
    v128.load(c.T0),
  );
  const small = f32x4.add(f32x4.mul(f32x4.mul(p, square), a), a);
  const magnitude = v128.bitselect(small, large, f32x4.lt(a, v128.load(c.TANH_SMALL)));
  return v128.or(magnitude, v128.and(x, v128.load(c.SIGN)));
}

/** max(x, 0) - |x| Q(|x|), where Q is the upper tail of the normal distribution; see Q1 in coefficients.ts. */
// @ts-ignore: decorator
@inline
export function geluOf(x: v128): v128 {
  const a = f32x4.abs(x);
  const one = v128.load(c.ONE);
  const t = f32x4.div(one, multiplyAdd(v128.load(c.Q_P), a, one));
  let p = multiplyAdd(v128.load(c.Q8), t, v128.load(c.Q7));
  p = multiplyAdd(p, t, v128.load(c.Q6));
  p = multiplyAdd(p, t, v128.load(c.Q5));
  p = multiplyAdd(p, t, v128.load(c.Q4));
  p = multiplyAdd(p, t, v128.load(c.Q3));
  p = multiplyAdd(p, t, v128.load(c.Q2));
  p = multiplyAdd(p, t, v128.load(c.Q1));
  const tail = f32x4.mul(f32x4.mul(p, t), exp(f32x4.neg(f32x4.mul(f32x4.mul(x, x), v128.load(c.HALF)))));
  return f32x4.sub(f32x4.pmax(f32x4.splat(0), x), f32x4.mul(a, tail));
}

/**
 * x sigmoid(u) with u = 2 sqrt(2 / pi) (x + 0.044715 x^3). That equals x (1 + tanh(u / 2)) / 2, but does not cancel.
 */
// @ts-ignore: decorator
@inline
export function geluTanhOf(x: v128): v128 {
  const inner = multiplyAdd(f32x4.mul(v128.load(c.GELU_CUBIC), f32x4.mul(x, x)), x, x);
  return f32x4.div(x, f32x4.add(v128.load(c.ONE), exp(f32x4.neg(f32x4.mul(inner, v128.load(c.GELU_LINEAR))))));
}
