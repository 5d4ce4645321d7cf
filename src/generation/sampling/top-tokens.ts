import { findCut } from './find-cut.ts';
import type { VocabularyMath } from './logits.ts';
import { countOfTokens } from './measures.ts';

/** The `k` tokens of the greatest logits that `math` holds, best first; of equal ones the lower id first. */
export function topTokens(math: VocabularyMath, k: number): number[] {
  const count = Math.min(k, math.vocabularySize);
  if (count === 0) return [];
  const { logit } = findCut(math, countOfTokens(math), count);
  return math.ranked(logit, Number.POSITIVE_INFINITY).slice(0, count);
}
