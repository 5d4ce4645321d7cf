import type { ScoredToken } from '../../generation/sampling/log-probabilities.ts';
import type { TextTokenizer } from '../../tokenizer/text-tokenizer.ts';
import type { LegacyLogprobs } from './schemas/completion-schema.ts';

/** A token and where its text begins; without a score where nothing comes before it. */
export interface ReportedToken {
  id: number;
  offset: number;
  score: ScoredToken | null;
}

/** Log-probabilities in the shape of OpenAI's completions API. */
export function toLegacyLogprobs(tokens: readonly ReportedToken[], tokenizer: TextTokenizer): LegacyLogprobs {
  return {
    tokens: tokens.map(({ id }) => tokenizer.label(id)),
    token_logprobs: tokens.map(({ score }) => score?.logprob ?? null),
    top_logprobs: tokens.map(({ score }) => score && topLogprobs(score, tokenizer)),
    text_offset: tokens.map(({ offset }) => offset),
  };
}

/** The alternatives and the token itself. Two tokens may be spelled alike: the more probable one is told. */
function topLogprobs(score: ScoredToken, tokenizer: TextTokenizer): Record<string, number> {
  const all = new Map<string, number>();
  for (const { id, logprob } of [...score.top, score]) {
    const label = tokenizer.label(id);
    if (!(all.get(label)! >= logprob)) all.set(label, logprob);
  }
  return Object.fromEntries(all);
}
