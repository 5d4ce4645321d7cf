import type { ByteState } from './byte-state.ts';
import { MAX_INTEGER_DIGITS } from './json-text.ts';

/** Digits after the point of numbers that must lie within bounds. */
const MAX_FRACTION_DIGITS = 20;

/** A decimal number without rounding: `digits` / 10^`scale`. */
interface Decimal {
  readonly digits: bigint;
  readonly scale: number;
}

/** What numbers a schema allows. Both ends are among them. */
export interface NumberBounds {
  readonly min?: number;
  readonly max?: number;
  readonly exclusiveMin?: number;
  readonly exclusiveMax?: number;
  readonly isInteger: boolean;
  /** Each number is a multiple of all of these, which are above 0. */
  readonly multiples: readonly number[];
}

/**
 * The decimal notations, without an exponent, of the numbers within bounds. A state is a text so far; it is alive if one
 * of the numbers that begin with it is allowed, which is found by comparing whole numbers of any size.
 * @returns undefined if there is no such number
 */
export function numberRange(bounds: NumberBounds): ByteState | undefined {
  const range = new NumberRange(bounds);
  const first = range.state('');
  return range.isAlive('') ? first : undefined;
}

class NumberRange {
  /** All bounds are whole numbers of 1 / 10^scale. */
  readonly #scale: number;
  readonly #min: bigint | undefined;
  readonly #max: bigint | undefined;
  readonly #step: bigint;
  readonly #isInteger: boolean;
  readonly #states = new Map<string, ByteState>();

  constructor(bounds: NumberBounds) {
    const { min, max, exclusiveMin, exclusiveMax, isInteger, multiples } = bounds;
    const all = [min, max, exclusiveMin, exclusiveMax, ...multiples].filter((bound) => bound !== undefined).map(decimal);
    const coarsest = Math.max(0, ...all.map(({ scale }) => scale));
    const hasExclusive = exclusiveMin !== undefined || exclusiveMax !== undefined;
    // Between two bounds that are excluded, there is room for numbers with more digits.
    this.#scale = isInteger || multiples.length > 0 ? coarsest : Math.min(MAX_FRACTION_DIGITS, coarsest + (hasExclusive ? 6 : 0) + 6);
    const scaled = (value: number): bigint => {
      const { digits, scale } = decimal(value);
      return digits * 10n ** BigInt(this.#scale - scale);
    };
    const least = [...(min === undefined ? [] : [scaled(min)]), ...(exclusiveMin === undefined ? [] : [scaled(exclusiveMin) + 1n])];
    const most = [...(max === undefined ? [] : [scaled(max)]), ...(exclusiveMax === undefined ? [] : [scaled(exclusiveMax) - 1n])];
    this.#min = least.sort(compare).at(-1);
    this.#max = most.sort(compare).at(0);
    this.#step = [...(isInteger ? [10n ** BigInt(this.#scale)] : []), ...multiples.map(scaled)].reduce(leastCommonMultiple, 1n);
    this.#isInteger = isInteger;
  }

  state(text: string): ByteState {
    const known = this.#states.get(text);
    if (known) return known;
    const state: ByteState = {
      accepts: /[0-9]$/.test(text) && this.#holds(text),
      step: (byte) => {
        const next = text + String.fromCharCode(byte);
        return /[-.0-9]$/.test(next) && this.isAlive(next) ? this.state(next) : undefined;
      },
    };
    this.#states.set(text, state);
    return state;
  }

  /** Whether some allowed number begins with this text. */
  isAlive(text: string): boolean {
    const form = /^(-?)(?:(0|[1-9][0-9]*)(?:(\.)([0-9]*))?)?$/.exec(text);
    if (!form) return false;
    const [, sign, integer, point = '', fraction = ''] = form;
    if (integer === undefined) return this.#beginsWithSign(sign);
    if (point === '') return this.#beginsWithInteger(sign, integer);
    return !this.#isInteger && integer.length <= MAX_INTEGER_DIGITS && this.#beginsWithFraction(sign, integer, fraction);
  }

  #beginsWithSign(sign: string): boolean {
    return Array.from('0123456789').some((digit) => this.#beginsWithInteger(sign, digit)) || (sign === '' && this.#beginsWithSign('-'));
  }

  #beginsWithInteger(sign: string, integer: string): boolean {
    const unit = 10n ** BigInt(this.#scale);
    for (let more = 0; integer.length + more <= MAX_INTEGER_DIGITS; more++) {
      const low = BigInt(integer) * 10n ** BigInt(more) * unit;
      const high = (BigInt(integer) + 1n) * 10n ** BigInt(more) * unit - 1n;
      if (this.#meets(sign, low, high)) return true;
      if (integer === '0') break;
    }
    return false;
  }

  #beginsWithFraction(sign: string, integer: string, fraction: string): boolean {
    if (fraction.length > this.#scale) return false;
    // A point needs a digit after it, which may be any.
    if (this.#scale === 0) return false;
    const missing = BigInt(this.#scale - fraction.length);
    const low = BigInt(integer + fraction) * 10n ** missing;
    return this.#meets(sign, low, low + 10n ** missing - 1n);
  }

  #holds(text: string): boolean {
    const { digits, scale } = decimalText(text);
    const value = digits * 10n ** BigInt(this.#scale - scale);
    return this.#hasMultiple(value, value);
  }

  /** Whether an allowed number has this sign and a magnitude from `low` to `high`. */
  #meets(sign: string, low: bigint, high: bigint): boolean {
    return sign === '-' ? this.#hasMultiple(-high, -low) : this.#hasMultiple(low, high);
  }

  #hasMultiple(low: bigint, high: bigint): boolean {
    const from = this.#min !== undefined && this.#min > low ? this.#min : low;
    const to = this.#max !== undefined && this.#max < high ? this.#max : high;
    return from <= to && floorDivide(to, this.#step) * this.#step >= from;
  }
}

const compare = (a: bigint, b: bigint): number => Number(a > b) - Number(a < b);

function floorDivide(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b !== 0n && a < 0n !== b < 0n ? quotient - 1n : quotient;
}

function leastCommonMultiple(a: bigint, b: bigint): bigint {
  let [x, y] = [a, b];
  while (y !== 0n) [x, y] = [y, x % y];
  return (a / x) * b;
}

/** A number's value as its shortest notation writes it. */
function decimal(value: number): Decimal {
  const [mantissa, exponent = '0'] = String(value).split('e');
  const { digits, scale } = decimalText(mantissa);
  const shifted = scale - Number(exponent);
  return shifted >= 0 ? { digits, scale: shifted } : { digits: digits * 10n ** BigInt(-shifted), scale: 0 };
}

function decimalText(text: string): Decimal {
  const [integer, fraction = ''] = text.split('.');
  return { digits: BigInt(integer + fraction), scale: fraction.length };
}
