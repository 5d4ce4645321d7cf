import { GptEdgeError } from '../../../core/errors.ts';
import { showText } from '../../../core/invalid-file.ts';
import { MAX_WEIGHTS_BYTES } from '../../../core/limits.ts';
import type { ByteReader } from '../../files/byte-reader.ts';
import { MAX_TENSOR_DIMENSION, MAX_TENSOR_NAME, MAX_TENSORS } from '../../tensors/tensor-limits.ts';
import type { SourceTensor } from '../../tensors/tensor-source.ts';
import { type BlockType, blockTypes, UNSUPPORTED_TYPES } from './block-types.ts';
import { type GgufValue, MAX_METADATA_KEYS, readMetadata, readString } from './read-metadata.ts';

/** Limit for the header. A vocabulary of 128,000 with its merges takes 8 MB, one of 262,000 about 15 MB. */
export const MAX_GGUF_HEADER_BYTES = 32 * 2 ** 20;
/** Limit for a tensor's dimensions. It is GGML's own. */
export const MAX_GGUF_RANK = 4;
/**
 * Limit for the alignment of tensors. GGML's default is 32, and files that are mapped into memory need no more than a
 * page.
 */
export const MAX_ALIGNMENT = 65_536;
const DEFAULT_ALIGNMENT = 32;
/** The file's first four bytes. */
export const GGUF_MAGIC = 'GGUF';
/** Version 1 had 32-bit counts and was in use for some weeks of 2023. */
const VERSIONS: readonly number[] = [2, 3];

/** A tensor, the shape outermost axis first, and where it lies in the file. */
export interface GgufTensor extends SourceTensor {
  readonly type: BlockType;
  /** The first of its bytes, from the file's start. */
  readonly begin: number;
}

export interface GgufHeader {
  readonly metadata: ReadonlyMap<string, GgufValue>;
  readonly tensors: ReadonlyMap<string, GgufTensor>;
}

/**
 * Reads everything that lies before the weights of a GGUF file, and checks that every tensor lies inside the file and
 * overlaps no other.
 *
 * `@huggingface/gguf` (0.4.6) caps counts and lengths as well, but that is not enough for files from anywhere: it does
 * not compare tensors with the file's size or with each other, it lets a later key or tensor replace an earlier one of
 * the same name, and its errors name neither file nor field.
 * @throws GptEdgeError `invalid_file`, naming the file, the field, the value and the limit; `unsupported_model` for a
 *   tensor in a format that is not implemented
 */
export function readGgufHeader(reader: ByteReader): GgufHeader {
  const magic = reader.bytes(4, 'magic').toString('latin1');
  if (magic !== GGUF_MAGIC) throw reader.invalid('magic', `${showText(magic)} is not ${GGUF_MAGIC}`);
  const version = reader.uint32('version');
  if (!VERSIONS.includes(version))
    throw reader.invalid('version', `${version} is not one of ${VERSIONS.join(', ')} in little-endian order`);
  const tensorCount = reader.count64('tensor_count', MAX_TENSORS);
  const metadata = readMetadata(reader, reader.count64('metadata_kv_count', MAX_METADATA_KEYS));
  const alignment = readAlignment(reader, metadata.get('general.alignment'));
  const tensors = new Map<string, GgufTensor>();
  for (let index = 0; index < tensorCount; index++) {
    const tensor = readTensor(reader, index, alignment);
    if (tensors.has(tensor.name)) throw reader.invalid(`tensor ${showText(tensor.name)}`, 'comes twice');
    tensors.set(tensor.name, tensor);
  }
  const dataStart = Math.ceil(reader.position / alignment) * alignment;
  const placed = new Map([...tensors].map(([name, tensor]) => [name, { ...tensor, begin: dataStart + tensor.begin }]));
  checkRanges(reader, [...placed.values()]);
  return { metadata, tensors: placed };
}

function readAlignment(reader: ByteReader, value: GgufValue = DEFAULT_ALIGNMENT): number {
  const isPower = typeof value === 'number' && value >= 8 && value <= MAX_ALIGNMENT && Number.isInteger(Math.log2(value));
  if (isPower) return value;
  throw reader.invalid('metadata "general.alignment"', `${showText(String(value))} is not a power of two from 8 to ${MAX_ALIGNMENT}`);
}

/**
 * Reads one tensor's entry. Its `begin` counts from the start of the data, which is known only after the last entry.
 */
function readTensor(reader: ByteReader, index: number, alignment: number): GgufTensor {
  const name = readString(reader, `tensor ${index}: name`, MAX_TENSOR_NAME);
  const field = `tensor ${showText(name)}`;
  const rank = reader.uint32(`${field}: n_dimensions`);
  if (rank < 1 || rank > MAX_GGUF_RANK) throw reader.invalid(field, `n_dimensions ${rank} is not 1 to ${MAX_GGUF_RANK}`);
  const dimensions = Array.from({ length: rank }, () => reader.count64(`${field}: dimension`, MAX_TENSOR_DIMENSION));
  if (dimensions.includes(0)) throw reader.invalid(field, `dimensions [${dimensions}] hold a 0`);
  const type = findBlockType(reader, reader.uint32(`${field}: type`), field);
  const bytes = countBytes(reader, dimensions, type, field);
  const begin = reader.count64(`${field}: offset`, Number.MAX_SAFE_INTEGER);
  if (begin % alignment !== 0) throw reader.invalid(field, `offset ${begin} is not a multiple of the alignment of ${alignment}`);
  // GGML writes the innermost dimension first.
  return { name, dtype: type.name, type, shape: dimensions.reverse(), bytes, begin, blocks: type.keepsBlocks };
}

function findBlockType(reader: ByteReader, type: number, field: string): BlockType {
  const found = blockTypes.get(type);
  if (found) return found;
  const supported = [...blockTypes.values()].map(({ name }) => name).join(', ');
  if (!Object.hasOwn(UNSUPPORTED_TYPES, type)) throw reader.invalid(field, `type ${type} is unknown; supported: ${supported}`);
  const message = `${reader.file}: ${field}: type ${UNSUPPORTED_TYPES[type]} is not supported; supported: ${supported}`;
  throw new GptEdgeError('unsupported_model', message, { param: reader.file });
}

function countBytes(reader: ByteReader, dimensions: readonly number[], type: BlockType, field: string): number {
  if (dimensions[0] % type.blockValues !== 0)
    throw reader.invalid(field, `rows of ${dimensions[0]} values are not a multiple of ${type.name}'s blocks of ${type.blockValues}`);
  // Each factor is at most 2^20, so the product of four may lose digits, but cannot become small.
  const bytes = (dimensions.reduce((product, size) => product * size, 1) / type.blockValues) * type.blockBytes;
  if (bytes > MAX_WEIGHTS_BYTES)
    throw reader.invalid(field, `dimensions [${dimensions}] take ${bytes} bytes, over the limit of ${MAX_WEIGHTS_BYTES}`);
  return bytes;
}

function checkRanges(reader: ByteReader, tensors: GgufTensor[]): void {
  let end = 0;
  let before = '';
  for (const { name, begin, bytes } of tensors.sort((a, b) => a.begin - b.begin)) {
    const field = `tensor ${showText(name)}`;
    if (begin < end) throw reader.invalid(field, `begins at byte ${begin}, inside tensor ${showText(before)}, which ends at ${end}`);
    end = begin + bytes;
    before = name;
    if (end > reader.size) throw reader.invalid(field, `ends at byte ${end}, and the file at ${reader.size}`);
  }
}
