import type { DecoderShape } from './architectures/architecture.ts';

/** Bytes that one position adds to a KV cache: a key and a value in float32 for each head of each layer. */
export function kvBytesPerToken({ layers, keyValueHeads, headDimension }: DecoderShape): number {
  return 2 * 4 * layers * keyValueHeads * headDimension;
}
