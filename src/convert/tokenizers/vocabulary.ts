import { type AddedTokenJson, addedToken } from './tokenizer-parts.ts';

/** The types of tokens, with GGUF's numbers from `tokenizer.ggml.token_type`. */
export const TokenType = { NORMAL: 1, UNKNOWN: 2, CONTROL: 3, USER_DEFINED: 4, UNUSED: 5, BYTE: 6 } as const;

/** A vocabulary. No two of its tokens are the same. */
export interface Vocabulary {
  /** The tokens by id. */
  readonly tokens: readonly string[];
  /** The TokenType of each token. */
  readonly types: ArrayLike<number>;
}

/** Whether a token stands for no text. Text is then never encoded as this token. */
export function isSpecial({ types }: Vocabulary, id: number): boolean {
  return types[id] === TokenType.CONTROL || types[id] === TokenType.UNKNOWN;
}

/** Whether a token is spelled as SentencePiece spells a byte: `<0x0A>`. */
export const isByteToken = (token: string): boolean => /^<0x[0-9A-F]{2}>$/.test(token);

/** Returns the tokens that text is split at before anything else. */
export function addedTokens(vocabulary: Vocabulary): AddedTokenJson[] {
  return vocabulary.tokens.flatMap((content, id) => {
    const special = isSpecial(vocabulary, id);
    return special || vocabulary.types[id] === TokenType.USER_DEFINED ? [addedToken(id, content, special)] : [];
  });
}

/**
 * Looks for a token that a tokenizer.json cannot state: an empty one, one that is too long, or a duplicate.
 * @returns the id of the first token at fault and what is wrong with it
 */
export function findVocabularyFault(tokens: readonly string[], maxCharacters: number): { id: number; problem: string } | undefined {
  const ids = new Map<string, number>();
  for (const [id, token] of tokens.entries()) {
    if (token === '') return { id, problem: 'is empty' };
    if (token.length > maxCharacters) return { id, problem: `has ${token.length} characters, over the limit of ${maxCharacters}` };
    if (ids.has(token)) return { id, problem: `is the same as token ${ids.get(token)}` };
    ids.set(token, id);
  }
  return undefined;
}
