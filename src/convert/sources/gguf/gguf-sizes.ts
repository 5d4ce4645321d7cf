import { GptEdgeError } from '../../../core/errors.ts';
import { MAX_CONTEXT_WINDOW, MAX_DIMENSION } from '../../../core/limits.ts';
import type { GgufFile } from './open-gguf-file.ts';

/** Reads the sizes that models with rotary positions state under `<architecture>.`, in the terms of config.json. */
export function rotaryModelSizes({ metadata, tensors }: GgufFile, architecture: string): Record<string, unknown> {
  const heads = metadata.count(`${architecture}.attention.head_count`, MAX_DIMENSION);
  return {
    hidden_size: metadata.count(`${architecture}.embedding_length`, MAX_DIMENSION),
    intermediate_size: metadata.count(`${architecture}.feed_forward_length`, MAX_DIMENSION),
    // Each layer has tensors of its own.
    num_hidden_layers: metadata.count(`${architecture}.block_count`, tensors.size),
    num_attention_heads: heads,
    num_key_value_heads: metadata.optionalCount(`${architecture}.attention.head_count_kv`, MAX_DIMENSION) ?? heads,
    max_position_embeddings: metadata.count(`${architecture}.context_length`, MAX_CONTEXT_WINDOW),
    rope_theta: metadata.optionalNumber(`${architecture}.rope.freq_base`) ?? 10_000,
    tie_word_embeddings: !tensors.has('output.weight'),
  };
}

/**
 * Returns the number of values of one head. It must be even, since the two halves of a head are rotated against each
 * other.
 */
export function ggufHeadSize({ metadata }: GgufFile, architecture: string): number {
  const key = `${architecture}.attention.head_count`;
  const heads = metadata.count(key, MAX_DIMENSION);
  const width = metadata.count(`${architecture}.embedding_length`, MAX_DIMENSION);
  const size = metadata.optionalCount(`${architecture}.attention.key_length`, MAX_DIMENSION) ?? width / heads;
  if (!Number.isInteger(size) || size < 2 || size % 2 !== 0)
    throw metadata.invalid(key, `${heads} heads of ${size} values each, an even number is expected`);
  return size;
}

/**
 * Checks fields that change the computation, of which only one value is implemented.
 * @throws GptEdgeError `unsupported_model` for another value, naming it
 */
export function checkOnlyValues({ file, metadata }: GgufFile, architecture: string, only: Readonly<Record<string, number>>): void {
  for (const [name, expected] of Object.entries(only)) {
    const key = `${architecture}.${name}`;
    const value = metadata.optionalCount(key, MAX_DIMENSION) ?? expected;
    if (value !== expected) throw refuse(file, `${key} ${value} is not supported for ${architecture}; supported: ${expected}`);
  }
}

export function refuse(file: string, problem: string): GptEdgeError {
  return new GptEdgeError('unsupported_model', `${file}: ${problem}`, { param: file });
}
