import { GptEdgeError } from '../../core/errors.ts';
import type { EvaluatedModel } from './evaluated-model.ts';

export interface TokenizedText {
  /** All are scored but the first, which nothing comes before. */
  readonly ids: readonly number[];
  /** UTF-8 bytes of what is scored, spellings of special tokens included. */
  readonly bytes: number;
}

/**
 * Tokenizes a text as a document: behind the model's BOS, so that its first token is scored too, and with spellings of special
 * tokens, such as an end-of-text between two stories, read as these.
 * @throws GptEdgeError `invalid_value` for a text with nothing to score
 */
export function tokenizeText({ tokenizer, manifest: { bosTokenId } }: EvaluatedModel, text: string): TokenizedText {
  const encoded = tokenizer.encode(text, { addSpecialTokens: false, parseSpecialTokens: true });
  const isPrefixed = bosTokenId !== null && encoded[0] !== bosTokenId;
  const ids = isPrefixed ? [bosTokenId, ...encoded] : encoded;
  if (ids.length < 2) throw new GptEdgeError('invalid_value', 'The text has no token that could be scored.', { param: 'text' });
  const firstBytes = isPrefixed ? 0 : tokenizer.bytes(ids[0]).length;
  return { ids, bytes: new TextEncoder().encode(text).length - firstBytes };
}

/**
 * @throws GptEdgeError `invalid_value` where two models do not mean the same by the same token, so that their probabilities cannot be
 *   compared
 */
export function checkSameTokens(model: EvaluatedModel, against: EvaluatedModel, text: string): void {
  const fail = (difference: string) => {
    const names = `${model.manifest.id} and ${against.manifest.id}`;
    throw new GptEdgeError('invalid_value', `${names} cannot be compared: ${difference}.`, { param: 'against' });
  };
  const [size, againstSize] = [model, against].map(({ manifest }) => manifest.vocabularySize);
  if (size !== againstSize) fail(`their vocabularies have ${size} and ${againstSize} tokens`);
  const ownBytes = (id: number) => model.tokenizer.bytes(id).join();
  for (let id = 0; id < size; id++) if (ownBytes(id) !== against.tokenizer.bytes(id).join()) fail(`token ${id} differs`);
  if (tokenizeText(model, text).ids.join() !== tokenizeText(against, text).ids.join()) fail('their tokenizers cut this text differently');
}
