import type { LanguageModel } from '../../generation/language-model.ts';
import { checkTokenIds } from './check-token-ids.ts';

/** A prompt as the tokens that the decoder reads. Without any text it is the token that starts a sequence, as in OpenAI's API. */
export function toPromptTokens(prompt: string | readonly number[] | null | undefined, model: LanguageModel): readonly number[] {
  const tokens = typeof prompt === 'string' ? model.tokenizer.encode(prompt) : (prompt ?? []);
  checkTokenIds(tokens, model, 'prompt');
  return tokens.length > 0 ? tokens : [startToken(model)];
}

const startToken = ({ manifest }: LanguageModel): number => manifest.bosTokenId ?? manifest.eosTokenIds[0] ?? 0;
