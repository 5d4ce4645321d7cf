import { Tokenizer } from '@huggingface/tokenizers';
import { exactDigits } from '../../src/tokenizer/plain-tokenizer.ts';
import type { TokenizerConfig } from '../../src/tokenizer/tokenizer-json.ts';
import type { WholeTokenizerJson } from './whole-tokenizer-json.ts';

/** The reference for this project's tokenizer: @huggingface/tokenizers itself, for text without special tokens. */
export function libraryTokenizer(tokenizer: WholeTokenizerJson, config: TokenizerConfig) {
  const library = new Tokenizer({ ...exactDigits(tokenizer), added_tokens: [] }, config);
  return {
    encode: (text: string): number[] => library.encode(text, { add_special_tokens: false }).ids,
    decode: (ids: number[]): string => (ids.length === 0 ? '' : library.decode(ids, { clean_up_tokenization_spaces: false })),
    spelling: (id: number): string => library.id_to_token(id) ?? '',
  };
}
