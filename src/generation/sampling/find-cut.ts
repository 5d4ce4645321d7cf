import type { Cut } from './cut.ts';
import type { VocabularyMath } from './logits.ts';
import type { Measure } from './measures.ts';

/** As many tokens are ranked rather than halved once more: both take some 10 microseconds. */
const FEW = 256;

/** Logits `low` <= x < `high` of float32 among which the cut lies: above them the measure comes to `above`, with them to `reached`. */
interface Bracket {
  low: number;
  reached: number;
  high: number;
  above: number;
}

/**
 * Where along the ranking a measure reaches `target`, which it has to reach with all tokens. Without ranking all of them: the logits among
 * which the place lies are bracketed in growing steps from the best on, then halved until only few tokens are between.
 */
export function findCut(math: VocabularyMath, measure: Measure, target: number): Cut {
  const bracket = bracketed(math, measure, target);
  narrow(bracket, measure, target);
  const ids = math.ranked(bracket.low, bracket.high);
  let reached = bracket.above;
  const found = ids.find((id) => {
    reached += measure.of(id);
    return reached >= target;
  });
  const id = found ?? ids[ids.length - 1]; // added in another order the sum came to a sliver less
  return { logit: math.logits[id], id };
}

function bracketed(math: VocabularyMath, measure: Measure, target: number): Bracket {
  const greatest = math.logits[math.best()];
  const bracket = { low: greatest, reached: measure.from(greatest), high: Number.POSITIVE_INFINITY, above: 0 };
  // A smaller step would not change the float32.
  let step = Math.max(measure.step, Math.abs(greatest) * 2 ** -23);
  for (; bracket.reached < target && bracket.low > measure.lowest; step *= 2) {
    [bracket.high, bracket.above] = [bracket.low, bracket.reached];
    bracket.low = Math.max(measure.lowest, Math.fround(greatest - step));
    bracket.reached = measure.from(bracket.low);
  }
  return bracket;
}

/** Halves until few tokens are left, or equal ones only. */
function narrow(bracket: Bracket, measure: Measure, target: number): void {
  while (bracket.reached - bracket.above > FEW * measure.least(bracket.low)) {
    const middle = Math.fround((bracket.low + bracket.high) / 2);
    if (middle <= bracket.low || middle >= bracket.high) return;
    const reached = measure.from(middle);
    if (reached >= target) [bracket.low, bracket.reached] = [middle, reached];
    else [bracket.high, bracket.above] = [middle, reached];
  }
}
