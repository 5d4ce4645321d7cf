import { finish, Pace } from '../../src/tokenizer/pace.ts';
import { createPlainTokenizer } from '../../src/tokenizer/plain-tokenizer.ts';
import type { TokenizerJson } from '../../src/tokenizer/tokenizer-json.ts';

/** This project's tokenizer for whole texts without added tokens, in the shape of {@link libraryTokenizer}. */
export function plainTextTokenizer(tokenizer: TokenizerJson) {
  const plain = createPlainTokenizer(tokenizer, new Set());
  return {
    encode(text: string): number[] {
      const [ids, pace] = [[] as number[], new Pace()];
      finish(plain.encode(finish(plain.normalize(text, pace)), true, ids, pace));
      return ids;
    },
    spelling: (id: number): string => plain.spelling(id),
  };
}
