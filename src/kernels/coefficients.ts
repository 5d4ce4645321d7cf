// Numbers that the AssemblyScript and the reference share, most of them coefficients of approximations. This file is
// compiled as TypeScript and as AssemblyScript; each number is rounded to float32 where it is used.

/** 2^-100. Scales of at most this magnitude count as zero, because their reciprocals would overflow. */
export const SMALLEST_SCALE = 7.888609052210118e-31;
/** The same for the steps of the quantized KV cache and of its queries. */
export const SMALLEST_STEP = 1e-37;

/**
 * 1.5 * 2^23: adding it to a float32 below 2^22 and subtracting it again rounds to the nearest integer, halves to even.
 */
export const ROUND = 12582912;
export const LOG2E = Math.LOG2E;

// 2^r for |r| <= 1/2 as 1 + E1 r + .. + E5 r^5: minimax, relative error 9.2e-8 (the Taylor coefficients have 3.4e-6).
export const E1 = 0.6931469775965885;
export const E2 = 0.2402224208184315;
export const E3 = 0.05550733745645707;
export const E4 = 0.009671512862185695;
export const E5 = 0.001326472708014484;

// e^r for |r| <= ln(2) / 2 as 1 + r + N2 r^2 + .. + N6 r^6: minimax, relative error 3.1e-9. ln 2 is split in two
// parts (Cody and Waite); the first has so few bits that its product with an exponent is exact.
export const LN2_HIGH = 0.693359375;
export const LN2_LOW = -2.1219444005469057e-4;
export const N2 = 0.49999993451625835;
export const N3 = 0.1666652068865692;
export const N4 = 0.041668387373911785;
export const N5 = 0.008368709961327625;
export const N6 = 0.0013814613092896577;
/** Smaller x are computed as this one, whose e^x comes out as 0: 2^-127 is not a normal float32. */
export const EXP_LOWEST = -88;
/** Larger x are computed as this one, so that the exponent of e^x stays in range. */
export const EXP_HIGHEST = 88;

// tanh x for |x| <= TANH_SMALL as x + x^3 (T0 + T1 x^2 + .. + T3 x^6): minimax, relative error 1.3e-7.
export const TANH_SMALL = 0.625;
export const T0 = -0.33332341237227164;
export const T1 = 0.1330817496483368;
export const T2 = -0.05194789947527007;
export const T3 = 0.015195365549425384;

// The normal distribution's upper tail Q(z) = erfc(z / sqrt 2) / 2 for z >= 0, as e^(-z^2 / 2) (Q1 t + .. + Q8 t^8)
// with t = 1 / (1 + Q_P z). The form is that of Hastings (Approximations for Digital Computers, 1955; Abramowitz and
// Stegun 7.1.26 and 26.2.17); the coefficients are fitted for a relative error of 5e-8 up to z = 9.
export const Q_P = 0.3;
export const Q1 = 0.11960550125521931;
export const Q2 = 0.1211055789651205;
export const Q3 = 0.09778461282756919;
export const Q4 = 0.13541816564512033;
export const Q5 = -0.06639905565670179;
export const Q6 = 0.21996761258358247;
export const Q7 = -0.16501762803912548;
export const Q8 = 0.03753523723041823;

/**
 * GELU by tanh is x (1 + tanh(u / 2)) / 2 = x sigmoid(u), with u = GELU_LINEAR (x + GELU_CUBIC x^3); GELU_LINEAR is 2
 * sqrt(2 / pi).
 */
export const GELU_LINEAR = 1.5957691216057308;
export const GELU_CUBIC = 0.044715;
