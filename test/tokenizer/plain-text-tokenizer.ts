import { createPlainTokenizer } from '../../src/tokenizer/plain-tokenizer.ts';
import type { TokenizerJson } from '../../src/tokenizer/tokenizer-json.ts';

/** This project's tokenizer for whole texts without added tokens, in the shape of {@link libraryTokenizer}. */
export function plainTextTokenizer(tokenizer: TokenizerJson) {
  const plain = createPlainTokenizer(tokenizer, new Set());
  return {
    encode: (text: string): number[] => plain.encode(plain.normalize(text), true),
    spelling: (id: number): string => plain.spelling(id),
  };
}
