/** Scored tokens by id. */
export interface ScoredVocabulary {
  readonly tokens: readonly string[];
  readonly scores: ArrayLike<number>;
  /** Whether two tokens may become this one, and this one with another a third. */
  isMergeable(id: number): boolean;
}

/** Of a scored token. SentencePiece's own limit is 16 characters by default; runs of spaces are the longest. */
export const MAX_SCORED_CHARACTERS = 128;
/** In a scored vocabulary, all tokens together: Gemma's 256,000 have 1.7 million. Trying all ways to split them takes a second at most. */
export const MAX_SCORED_TEXT = 4 * 2 ** 20;

/**
 * The merges that make BPE do what SentencePiece and llama2.c do with scores: of all neighbours whose text is a token, join those of
 * the best score first, and of equals the leftmost. A token may come from several pairs. Those follow each other directly, which is
 * as good as being equal: two of them never lie over each other, since the leftmost would have been joined before.
 *
 * Tokens of the same score, which no trained vocabulary has, are taken in the order of their ids.
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

/** What is wrong with a scored vocabulary's size or scores, if anything is. */
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
