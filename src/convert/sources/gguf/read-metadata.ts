import { showText } from '../../../core/invalid-file.ts';
import { MAX_CONFIG_BYTES, MAX_VOCABULARY } from '../../../core/limits.ts';
import type { ByteReader } from '../../files/byte-reader.ts';

/** Limit for the number of keys. Real files have 20 to 60. */
export const MAX_METADATA_KEYS = 4096;
/** Limit for the length of a key. Keys are repeated in messages; real ones are shorter than 60. */
export const MAX_KEY_BYTES = 256;
/** Limit for the length of a string. The longest is a chat template, which becomes part of tokenizer_config.json. */
export const MAX_STRING_BYTES = MAX_CONFIG_BYTES / 4;
/**
 * Limit for the length of an array. The longest are a vocabulary and its merges, of which there may be twice as many.
 */
export const MAX_ARRAY_LENGTH = 2 * MAX_VOCABULARY;
/** Limit for the nesting of arrays. No field that is read is an array of arrays. */
export const MAX_ARRAY_NESTING = 1;

export type GgufScalar = string | number | bigint | boolean;
export type GgufArray = readonly string[] | NumberArray;
export type GgufValue = GgufScalar | GgufArray;
type NumberArray =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array
  | BigUint64Array
  | BigInt64Array;

/** One of the format's number types: how a single value is read, and the typed array that holds many. */
interface NumberType {
  readonly read: (bytes: Buffer) => number | bigint | boolean;
  readonly array: { new (buffer: ArrayBuffer): NumberArray; readonly BYTES_PER_ELEMENT: number };
}

/** Types by their number in the file, `gguf_metadata_value_type` of the specification. */
const NUMBER_TYPES: Readonly<Record<number, NumberType>> = {
  0: { read: (bytes) => bytes.readUInt8(), array: Uint8Array },
  1: { read: (bytes) => bytes.readInt8(), array: Int8Array },
  2: { read: (bytes) => bytes.readUInt16LE(), array: Uint16Array },
  3: { read: (bytes) => bytes.readInt16LE(), array: Int16Array },
  4: { read: (bytes) => bytes.readUInt32LE(), array: Uint32Array },
  5: { read: (bytes) => bytes.readInt32LE(), array: Int32Array },
  6: { read: (bytes) => bytes.readFloatLE(), array: Float32Array },
  7: { read: (bytes) => bytes.readUInt8() !== 0, array: Uint8Array },
  10: { read: (bytes) => bytes.readBigUInt64LE(), array: BigUint64Array },
  11: { read: (bytes) => bytes.readBigInt64LE(), array: BigInt64Array },
  12: { read: (bytes) => bytes.readDoubleLE(), array: Float64Array },
};
const STRING = 8;
const ARRAY = 9;

/**
 * Reads the key-value pairs that follow a GGUF file's counts.
 * @throws GptEdgeError `invalid_file` for a type, a length or a count beyond its limit, or a key that comes twice
 */
export function readMetadata(reader: ByteReader, count: number): Map<string, GgufValue> {
  const metadata = new Map<string, GgufValue>();
  for (let index = 0; index < count; index++) {
    const key = readString(reader, `metadata key ${index}`, MAX_KEY_BYTES);
    const field = `metadata ${showText(key)}`;
    if (metadata.has(key)) throw reader.invalid(field, 'comes twice');
    metadata.set(key, readValue(reader, reader.uint32(`${field}: type`), field));
  }
  return metadata;
}

/** Reads a string: its length in bytes as a 64-bit integer, then its UTF-8. */
export function readString(reader: ByteReader, field: string, maxBytes: number): string {
  return reader.text(reader.count64(field, maxBytes), field);
}

function readValue(reader: ByteReader, type: number, field: string): GgufValue {
  if (type === STRING) return readString(reader, field, MAX_STRING_BYTES);
  if (type === ARRAY) return readArray(reader, field);
  return numberType(reader, type, field).read(reader.bytes(elementBytes(reader, type, field), field));
}

function readArray(reader: ByteReader, field: string): GgufArray {
  const type = reader.uint32(`${field}: element type`);
  if (type === ARRAY) throw reader.invalid(field, `arrays are nested deeper than the limit of ${MAX_ARRAY_NESTING}`);
  if (type !== STRING) elementBytes(reader, type, field);
  const length = reader.count64(`${field}: length`, MAX_ARRAY_LENGTH);
  if (type === STRING) return readStrings(reader, length, field);
  // The bytes are copied, since a view into the reader's window is valid only until the next read.
  const bytes = new Uint8Array(reader.bytes(length * elementBytes(reader, type, field), field));
  return new (numberType(reader, type, field).array)(bytes.buffer);
}

/** Reads strings one by one into an array that grows, so that a false length alone takes no memory. */
function readStrings(reader: ByteReader, length: number, field: string): string[] {
  const strings: string[] = [];
  while (strings.length < length) strings.push(readString(reader, field, MAX_STRING_BYTES));
  return strings;
}

function elementBytes(reader: ByteReader, type: number, field: string): number {
  return numberType(reader, type, field).array.BYTES_PER_ELEMENT;
}

function numberType(reader: ByteReader, type: number, field: string): NumberType {
  if (!Object.hasOwn(NUMBER_TYPES, type)) throw reader.invalid(field, `type ${type} is not one of 0 to 12`);
  return NUMBER_TYPES[type];
}
