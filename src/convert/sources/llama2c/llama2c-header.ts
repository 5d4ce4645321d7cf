import { GptEdgeError } from '../../../core/errors.ts';
import { MAX_CONTEXT_WINDOW, MAX_DIMENSION, MAX_VOCABULARY } from '../../../core/limits.ts';
import type { ByteReader } from '../../files/byte-reader.ts';

/** What a llama2.c checkpoint says about itself. */
export interface Llama2cHeader {
  /** The format's version: 0 has a header of seven numbers, 1 starts with "ak42" as an integer. */
  readonly version: 0 | 1;
  readonly width: number;
  /** Width of the feed-forward layer. */
  readonly inner: number;
  readonly layers: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly vocabularySize: number;
  readonly contextWindow: number;
  /** Whether the output head is the embedding. */
  readonly isTied: boolean;
  /** Length of the header: the weights begin here. */
  readonly bytes: number;
}

/** "ak42" as export.py writes it. Read as the width of a version 0 header it would be over every limit. */
const MAGIC = 0x616b3432;
/** Length of a version 1 header, its padding included. */
export const VERSION_1_BYTES = 256;

/**
 * Reads the header of a llama2.c checkpoint in float32: version 0 as run.c reads it, or version 1 of export.py.
 * @throws GptEdgeError `invalid_file`, naming a number that is beyond its limit or contradicts the others;
 *   `unsupported_model` for another version
 */
export function readLlama2cHeader(reader: ByteReader): Llama2cHeader {
  const first = reader.uint32('magic or dim');
  if (first === MAGIC) return readVersion1(reader);
  reader.position = 0;
  const numbers = readNumbers(reader, true);
  return { version: 0, ...numbers, bytes: reader.position };
}

function readVersion1(reader: ByteReader): Llama2cHeader {
  const version = reader.int32('version');
  if (version !== 1) {
    const message = `${reader.file}: version ${version} is not supported; supported: 0 and 1, in float32`;
    throw new GptEdgeError('unsupported_model', message, { param: reader.file });
  }
  const numbers = readNumbers(reader, false);
  const shared = reader.bytes(1, 'shared_classifier')[0];
  if (shared > 1) throw reader.invalid('shared_classifier', `${shared} is neither 0 nor 1`);
  return { version: 1, ...numbers, isTied: shared === 1, bytes: VERSION_1_BYTES };
}

/**
 * Reads the seven numbers in their order. In version 0 a negative vocabulary means that the output head has weights of
 * its own.
 */
function readNumbers(reader: ByteReader, signTellsHead: boolean): Omit<Llama2cHeader, 'version' | 'bytes'> {
  const number = (field: string, max: number, isSigned = false) => {
    const value = reader.int32(field);
    const size = isSigned ? Math.abs(value) : value;
    if (size < 1 || size > max) throw reader.invalid(field, `${value} is not 1 to ${max}`);
    return value;
  };
  const width = number('dim', MAX_DIMENSION);
  const inner = number('hidden_dim', MAX_DIMENSION);
  const layers = number('n_layers', MAX_DIMENSION);
  const heads = number('n_heads', MAX_DIMENSION);
  const keyValueHeads = number('n_kv_heads', MAX_DIMENSION);
  const vocabulary = number('vocab_size', MAX_VOCABULARY, signTellsHead);
  const contextWindow = number('seq_len', MAX_CONTEXT_WINDOW);
  if (width % (2 * heads) !== 0) throw reader.invalid('dim', `${width} is not a multiple of twice n_heads, ${heads}`);
  if (heads % keyValueHeads !== 0) throw reader.invalid('n_kv_heads', `${keyValueHeads} does not divide n_heads, ${heads}`);
  const sizes = { width, inner, layers, heads, keyValueHeads, contextWindow };
  return { ...sizes, vocabularySize: Math.abs(vocabulary), isTied: vocabulary > 0 };
}
