/** One entry of a tokenizer.bin. The stated `length` may be wrong. */
export interface Llama2cToken {
  readonly text: string;
  readonly score: number;
  readonly length?: number;
}

/** Builds a tokenizer.bin: the length of the longest token, then score, length and bytes of each. */
export function buildTokenizerBin(tokens: readonly Llama2cToken[], maxLength?: number): Uint8Array {
  const texts = tokens.map(({ text }) => Buffer.from(text, 'utf8'));
  const parts = [int32(maxLength ?? Math.max(...texts.map((text) => text.length)))];
  for (const [id, { score, length }] of tokens.entries()) parts.push(float32([score]), int32(length ?? texts[id].length), texts[id]);
  return new Uint8Array(Buffer.concat(parts));
}

/** Lists unknown, BOS, EOS and all bytes as llama2.c has them, then `pieces` with falling scores. */
export function llama2cVocabulary(pieces: readonly string[]): Llama2cToken[] {
  const bytes = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
  const fixed = ['<unk>', '\n<s>\n', '\n</s>\n', ...bytes].map((text) => ({ text, score: 0 }));
  return [...fixed, ...pieces.map((text, index) => ({ text, score: -index }))];
}

/** The header's numbers: dim, hidden_dim, n_layers, n_heads, n_kv_heads, vocab_size, seq_len. */
export type Llama2cNumbers = readonly [number, number, number, number, number, number, number];

/** Builds a checkpoint: the header of version 0, or that of version 1 in its 256 bytes, and the weights. */
export function buildLlama2c(version: 0 | 1, numbers: Llama2cNumbers, weights: readonly number[], shared = 1): Uint8Array {
  const head = Buffer.concat(numbers.map(int32));
  if (version === 0) return new Uint8Array(Buffer.concat([head, float32(weights)]));
  const padded = Buffer.concat([int32(0x616b3432), int32(1), head, Buffer.of(shared)], 256);
  return new Uint8Array(Buffer.concat([padded, float32(weights)]));
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}

function float32(values: readonly number[]): Buffer {
  return Buffer.from(Float32Array.from(values).buffer);
}
