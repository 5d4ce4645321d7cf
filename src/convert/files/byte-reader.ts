import { isUtf8 } from 'node:buffer';
import { invalidFile, showText } from '../../core/invalid-file.ts';

/** Fills `target` with a file's bytes from `position` on, and returns how many there were. */
export type ReadAt = (position: number, target: Uint8Array) => number;

/** What a reader needs to know about its file. */
export interface ByteReaderOptions {
  /** How messages name the file. */
  readonly file: string;
  /** Bytes in the file. */
  readonly size: number;
  /** How much of the file may be read, in bytes from its start. */
  readonly limit: number;
  readonly readAt: ReadAt;
}

/**
 * Bytes fetched from the file at a time. Headers are read value by value, and most values are shorter than 20 bytes.
 */
const WINDOW_BYTES = 64 * 1024;

/**
 * Reads little-endian values one after the other, never beyond the file's end. Every method takes the name of the field
 * for its error message, and throws GptEdgeError `invalid_file` if the file or the limit ends before the value does. It
 * reads synchronously: a header may have hundreds of thousands of strings, and a promise for each would take longer
 * than the reading itself.
 */
export class ByteReader {
  readonly file: string;
  readonly size: number;
  /** Bytes read so far. */
  position = 0;
  readonly #limit: number;
  readonly #readAt: ReadAt;
  #window = Buffer.alloc(0);
  #windowStart = 0;

  constructor({ file, size, limit, readAt }: ByteReaderOptions) {
    this.file = file;
    this.size = size;
    this.#limit = limit;
    this.#readAt = readAt;
  }

  /** Returns a view of the next bytes, which is valid until the next call. */
  bytes(length: number, field: string): Buffer {
    const end = this.position + length;
    if (end > this.size) throw this.invalid(field, `takes ${length} bytes at byte ${this.position}, and the file ends at ${this.size}`);
    if (end > this.#limit)
      throw this.invalid(field, `takes ${length} bytes at byte ${this.position}, beyond the limit of ${this.#limit} bytes for a header`);
    if (this.position < this.#windowStart || end > this.#windowStart + this.#window.length) this.#fetch(length);
    const from = this.position - this.#windowStart;
    this.position = end;
    return this.#window.subarray(from, from + length);
  }

  uint32(field: string): number {
    return this.bytes(4, field).readUInt32LE();
  }

  int32(field: string): number {
    return this.bytes(4, field).readInt32LE();
  }

  float32(field: string): number {
    return this.bytes(4, field).readFloatLE();
  }

  uint64(field: string): bigint {
    return this.bytes(8, field).readBigUInt64LE();
  }

  /** Reads a 64-bit count of at most `limit`. */
  count64(field: string, limit: number): number {
    const value = this.uint64(field);
    if (value > BigInt(limit)) throw this.invalid(field, `${value} is over the limit of ${limit}`);
    return Number(value);
  }

  /** Reads `length` bytes of UTF-8. */
  text(length: number, field: string): string {
    const bytes = this.bytes(length, field);
    if (!isUtf8(bytes)) throw this.invalid(field, `${showText(bytes.toString('latin1'))} is not UTF-8`);
    return bytes.toString('utf8');
  }

  /** Makes the error for an invalid field. */
  invalid(field: string, problem: string) {
    return invalidFile(this.file, `${field}: ${problem}`);
  }

  #fetch(length: number): void {
    const window = Buffer.alloc(Math.min(Math.max(length, WINDOW_BYTES), this.size - this.position));
    const read = this.#readAt(this.position, window);
    if (read < length) throw invalidFile(this.file, `ended at byte ${this.position + read} while being read`);
    this.#window = window.subarray(0, read);
    this.#windowStart = this.position;
  }
}
