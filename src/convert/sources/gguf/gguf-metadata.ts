import type { GptEdgeError } from '../../../core/errors.ts';
import { invalidFile, showText } from '../../../core/invalid-file.ts';
import type { GgufValue } from './read-metadata.ts';

/**
 * A GGUF file's metadata, read by type. Every method throws GptEdgeError `invalid_file` for a value of another type or
 * over its limit.
 */
export class GgufMetadata {
  readonly #file: string;
  readonly #values: ReadonlyMap<string, GgufValue>;

  constructor(file: string, values: ReadonlyMap<string, GgufValue>) {
    this.#file = file;
    this.#values = values;
  }

  has(key: string): boolean {
    return this.#values.has(key);
  }

  /** The keys that begin with `prefix`, in the file's order. */
  keys(prefix: string): string[] {
    return [...this.#values.keys()].filter((key) => key.startsWith(prefix));
  }

  /** Reads a whole number from 0 to `max`. */
  count(key: string, max: number): number {
    return this.optionalCount(key, max) ?? this.#missing(key);
  }

  optionalCount(key: string, max: number): number | undefined {
    const value = this.#values.get(key);
    if (value === undefined) return undefined;
    const number = typeof value === 'bigint' && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
    if (typeof number !== 'number' || !Number.isInteger(number) || number < 0) throw this.invalid(key, `${show(value)} is not a count`);
    if (number > max) throw this.invalid(key, `${number} is over the limit of ${max}`);
    return number;
  }

  /** Reads a finite number, as the shortest decimal that its float32 can have been written from. */
  optionalNumber(key: string): number | undefined {
    const value = this.#values.get(key);
    if (value === undefined) return undefined;
    if (typeof value !== 'number' || !Number.isFinite(value)) throw this.invalid(key, `${show(value)} is not a finite number`);
    return shortestFloat32(value);
  }

  number(key: string): number {
    return this.optionalNumber(key) ?? this.#missing(key);
  }

  flag(key: string, fallback: boolean): boolean {
    const value = this.#values.get(key) ?? fallback;
    if (typeof value !== 'boolean') throw this.invalid(key, `${show(value)} is not a boolean`);
    return value;
  }

  optionalText(key: string): string | undefined {
    const value = this.#values.get(key);
    if (value !== undefined && typeof value !== 'string') throw this.invalid(key, `${show(value)} is not a string`);
    return value;
  }

  text(key: string): string {
    return this.optionalText(key) ?? this.#missing(key);
  }

  texts(key: string): readonly string[] {
    const value = this.#values.get(key) ?? this.#missing(key);
    const isTexts = Array.isArray(value) && value.every((element) => typeof element === 'string');
    if (!isTexts) throw this.invalid(key, `${show(value)} is not an array of strings`);
    return value as readonly string[];
  }

  isArray(key: string): boolean {
    return typeof this.#values.get(key) === 'object';
  }

  /** Reads an array of exactly `length` numbers; booleans are 0 and 1. */
  numbers(key: string, length: number): ArrayLike<number> {
    const value = this.#values.get(key) ?? this.#missing(key);
    const isNumbers = ArrayBuffer.isView(value) && !(value instanceof BigInt64Array) && !(value instanceof BigUint64Array);
    if (!isNumbers) throw this.invalid(key, `${show(value)} is not an array of numbers`);
    if (value.length !== length) throw this.invalid(key, `has ${value.length} elements, ${length} are expected`);
    return value;
  }

  invalid(key: string, problem: string): GptEdgeError {
    return invalidFile(this.#file, `${key}: ${problem}`);
  }

  #missing(key: string): never {
    throw this.invalid(key, 'is missing');
  }
}

function show(value: GgufValue): string {
  return typeof value === 'object' ? `an array of ${value.length} elements` : showText(String(value));
}

/** Returns the shortest decimal with the same float32: 1e-5 is stored as 9.999999747378752e-06. */
function shortestFloat32(value: number): number {
  for (let digits = 1; digits < 10; digits++) {
    const rounded = Number(value.toPrecision(digits));
    if (Math.fround(rounded) === value) return rounded;
  }
  return value;
}
