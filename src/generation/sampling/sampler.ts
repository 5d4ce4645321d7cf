import { type Cut, NO_CUT, tighter } from './cut.ts';
import { findCut } from './find-cut.ts';
import type { VocabularyMath } from './logits.ts';
import { countOfTokens, weightOfTokens } from './measures.ts';
import type { SamplingOptions } from './sampling-options.ts';

type Shape = Pick<SamplingOptions, 'temperature' | 'topK' | 'topP' | 'minP'>;

/**
 * Chooses a token: a pure function of the logits that `math` holds, options and one random number in [0, 1). Temperature first, then
 * min_p, top_k and top_p, each on what the one before kept. The kept tokens share [0, 1) in the order of their ids.
 */
export function sample(math: VocabularyMath, options: Shape, random: number): number {
  const best = math.best();
  if (options.temperature === 0) return best;
  const total = weighKept(math, math.logits[best], options);
  return math.pick(random * total) ?? best;
}

/** Gives the kept tokens their weights, and the others 0. @returns the sum */
function weighKept(math: VocabularyMath, greatest: number, { temperature, topK, topP, minP }: Shape): number {
  // Both keep a beginning of the ranking, so that the order of the two makes no difference.
  const cut = tighter(minPCut(greatest, temperature, minP), topKCut(math, topK));
  const all = math.exponentials(temperature);
  const kept = cut === NO_CUT ? all : math.keepTo(cut);
  return topP < 1 ? math.keepTo(findCut(math, weightOfTokens(math, temperature, cut), topP * kept)) : kept;
}

function minPCut(greatest: number, temperature: number, minP: number): Cut {
  return minP > 0 ? { ...NO_CUT, logit: Math.fround(greatest + temperature * Math.log(minP)) } : NO_CUT;
}

function topKCut(math: VocabularyMath, topK: number): Cut {
  return topK > 0 && topK < math.vocabularySize ? findCut(math, countOfTokens(math), topK) : NO_CUT;
}
