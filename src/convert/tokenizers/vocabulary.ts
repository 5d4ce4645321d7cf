import { type AddedTokenJson, addedToken } from './tokenizer-parts.ts';

/** What a token is for, by GGUF's number in `tokenizer.ggml.token_type`. */
export const TokenType = { NORMAL: 1, UNKNOWN: 2, CONTROL: 3, USER_DEFINED: 4, UNUSED: 5, BYTE: 6 } as const;

/** The entries of a vocabulary by id, each different from all others. */
export interface Vocabulary {
  readonly tokens: readonly string[];
  /** One of TokenType for each token. */
  readonly types: ArrayLike<number>;
}

/** Whether a token stands for no text, so that text never becomes it. */
export function isSpecial({ types }: Vocabulary, id: number): boolean {
  return types[id] === TokenType.CONTROL || types[id] === TokenType.UNKNOWN;
}

/** The vocabulary's tokens that text is split at before anything else. */
export function addedTokens(vocabulary: Vocabulary): AddedTokenJson[] {
  return vocabulary.tokens.flatMap((content, id) => {
    const special = isSpecial(vocabulary, id);
    return special || vocabulary.types[id] === TokenType.USER_DEFINED ? [addedToken(id, content, special)] : [];
  });
}

/**
 * Finds what no tokenizer.json can state.
 * @returns what is wrong with the first token at fault, if any is
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
