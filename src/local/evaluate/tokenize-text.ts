import { GptEdgeError } from '../../core/errors.ts';
import type { EvaluatedModel } from './evaluated-model.ts';

export interface TokenizedText {
  /** The text's tokens. All are scored except for the first, because nothing comes before it. */
  readonly ids: readonly number[];
  /** UTF-8 bytes of the part of the text that is scored, including spelled-out special tokens. */
  readonly bytes: number;
}

/**
 * Tokenizes a text as a document. It begins with the model's BOS token, so that the text's first token is scored too,
 * and spelled-out special tokens, such as the end-of-text between two stories, are read as special tokens.
 * @throws GptEdgeError `invalid_value` for a text with nothing to score
 */
export function tokenizeText({ tokenizer, manifest: { bosTokenId } }: EvaluatedModel, text: string): TokenizedText {
  const encoded = tokenizer.encode(text, { addSpecialTokens: false, parseSpecialTokens: true });
  const isPrefixed = bosTokenId !== null && encoded[0] !== bosTokenId;
  const ids = isPrefixed ? [bosTokenId, ...encoded] : encoded;
  if (ids.length < 2) throw new GptEdgeError('invalid_value', 'The text has no token that can be scored.', { param: 'text' });
  const firstBytes = isPrefixed ? 0 : tokenizer.bytes(ids[0]).length;
  return { ids, bytes: new TextEncoder().encode(text).length - firstBytes };
}

/**
 * Looks for a difference between the tokens of two models. If there is one, what they predict for a text can be compared,
 * and what they predict for a token cannot.
 * @returns the first difference, in words
 */
export function findTokenDifference(model: EvaluatedModel, against: EvaluatedModel, text: string): string | undefined {
  const [size, againstSize] = [model, against].map(({ manifest }) => manifest.vocabularySize);
  if (size !== againstSize) return `their vocabularies have ${size} and ${againstSize} tokens`;
  const ownBytes = (id: number) => model.tokenizer.bytes(id).join();
  for (let id = 0; id < size; id++) if (ownBytes(id) !== against.tokenizer.bytes(id).join()) return `token ${id} differs`;
  return tokenizeText(model, text).ids.join() === tokenizeText(against, text).ids.join()
    ? undefined
    : 'their tokenizers cut this text differently';
}
