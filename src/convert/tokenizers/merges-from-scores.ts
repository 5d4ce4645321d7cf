/** A vocabulary whose tokens have scores, as SentencePiece and llama2.c have it. */
export interface ScoredVocabulary {
  /** The tokens by id. */
  readonly tokens: readonly string[];
  /** The score of each token. */
  readonly scores: ArrayLike<number>;
  /** Whether a token may result from a merge, and be merged with another one. */
  isMergeable(id: number): boolean;
}

/**
 * Limit for the length of a scored token. SentencePiece's own limit is 16 characters by default; runs of spaces are the
 * longest.
 */
export const MAX_SCORED_CHARACTERS = 128;
/**
 * Limit for the characters of all tokens of a scored vocabulary. Gemma's 256,000 tokens have 1.7 million. With this
 * many, trying all ways to split the tokens takes a second at most.
 */
export const MAX_SCORED_TEXT = 4 * 2 ** 20;

/**
 * Returns the merges that make BPE do what SentencePiece and llama2.c do with scores: of all neighbours whose joined
 * text is a token, they join those with the best score first, and of equal scores the leftmost. A token may be made
 * from several pairs. Their merges follow each other directly, which amounts to equal rank: two such pairs never
 * overlap in a text, since the leftmost would have been joined before.
 *
 * Tokens with the same score, which no trained vocabulary has, are taken in the order of their ids.
 */
export function mergesFromScores({ tokens, scores, isMergeable }: ScoredVocabulary): [string, string][] {
  const ids = tokens.map((_, id) => id).filter((id) => isMergeable(id));
  const known = new Set(ids.map((id) => tokens[id]));
  return ids.sort((a, b) => scores[b] - scores[a] || a - b).flatMap((id) => splits(tokens[id], known));
}

function splits(token: string, known: ReadonlySet<string>): [string, string][] {
  const pairs: [string, string][] = [];
  let at = 0;
  for (const character of token) {
    at += character.length;
    const left = token.slice(0, at);
    if (at < token.length && known.has(left) && known.has(token.slice(at))) pairs.push([left, token.slice(at)]);
  }
  return pairs;
}

/** Returns what is wrong with a scored vocabulary's size or scores, or undefined if nothing is. */
export function findScoreFault({ tokens, scores, isMergeable }: ScoredVocabulary): string | undefined {
  let text = 0;
  for (const [id, token] of tokens.entries()) {
    if (Number.isNaN(scores[id])) return `token ${id}: score is NaN`;
    if (!isMergeable(id)) continue;
    if (token.length > MAX_SCORED_CHARACTERS)
      return `token ${id}: has ${token.length} characters, over the limit of ${MAX_SCORED_CHARACTERS}`;
    text += token.length;
  }
  return text > MAX_SCORED_TEXT ? `tokens have ${text} characters, over the limit of ${MAX_SCORED_TEXT}` : undefined;
}
