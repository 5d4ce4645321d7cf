import { isByteToken, TokenType } from '../../../tokenizers/vocabulary.ts';
import type { GgufMetadata } from '../gguf-metadata.ts';

const KEY = 'tokenizer.ggml.token_type';
/** Files without types have these all the same: marks of roles, turns and the like. */
const MARK = /^<\|.*\|>$/s;

/**
 * The type of each token. A token that the file names as BOS, EOS, EOT, padding or the like is special whatever its
 * type says: converters have written wrong types. In a file without types, bytes and marks such as `<|im_end|>` are
 * recognized by their spelling.
 */
export function tokenTypes(metadata: GgufMetadata, tokens: readonly string[]): ArrayLike<number> {
  const types = metadata.has(KEY) ? Array.from(metadata.numbers(KEY, tokens.length)) : tokens.map(typeOfSpelling);
  for (const key of metadata.keys('tokenizer.ggml.').filter((name) => name.endsWith('_token_id'))) {
    const id = metadata.count(key, tokens.length - 1);
    if (spellsText(tokens[id], types[id])) continue;
    if (key === 'tokenizer.ggml.unknown_token_id') types[id] = TokenType.UNKNOWN;
    else if (types[id] !== TokenType.UNKNOWN) types[id] = TokenType.CONTROL;
  }
  return types;
}

function typeOfSpelling(token: string): number {
  if (isByteToken(token)) return TokenType.BYTE;
  return MARK.test(token) ? TokenType.CONTROL : TokenType.NORMAL;
}

/**
 * A byte or a single character: text could not be spelled without it. Some files name token 0, which is `!`, as
 * padding.
 */
function spellsText(token: string, type: number): boolean {
  const isCharacter = type === TokenType.NORMAL && Array.from(token).length === 1;
  return type === TokenType.BYTE || isCharacter;
}
