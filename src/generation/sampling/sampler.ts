import type { Logits, Threshold } from '../../core/logits.ts';
import type { SamplingOptions } from './sampling-options.ts';

/*
 * Top-k, nucleus (top-p) and min-p as one threshold.
 *
 * Rank the tokens by logit, the most probable first. Each of the three options keeps a beginning of this ranking:
 * - top-k keeps the first k tokens;
 * - min-p keeps the tokens that are at least a given fraction as probable as the first one;
 * - top-p keeps the nucleus: the fewest tokens, from the first on, whose probabilities together reach top_p.
 *
 * So each option is a threshold: the last token that it keeps. If several options are given, the tightest threshold
 * decides.
 *
 * Sorting the whole vocabulary would find each threshold, but takes milliseconds. Partial selection finds the same
 * token: add up the tokens above some logit, move that logit until the threshold must lie among a few hundred tokens,
 * and sort only those.
 */

type ShapeOptions = Pick<SamplingOptions, 'temperature' | 'topK' | 'topP' | 'minP'>;

/**
 * Chooses a token: a pure function of logits, options and one random number in [0, 1). Temperature applies first,
 * then min_p, top_k and top_p, each to what the one before kept. The kept tokens share [0, 1) in the order of their
 * ids. The logits stay as they are.
 */
export function sample(logits: Logits, options: ShapeOptions, random: number): number {
  const best = logits.best();
  if (options.temperature === 0) return best;
  const total = weighKept(logits, logits.values[best], options);
  return logits.pick(random * total) ?? best;
}

/** Gives the kept tokens their weights, and the others 0. @returns the sum of the weights */
function weighKept(logits: Logits, greatest: number, { temperature, topK, topP, minP }: ShapeOptions): number {
  // Both keep a beginning of the ranking, so their order makes no difference.
  const threshold = tighter(minPThreshold(greatest, temperature, minP), topKThreshold(logits, topK));
  const all = logits.exponentials(temperature);
  const kept = threshold === NO_THRESHOLD ? all : logits.keepTo(threshold);
  if (topP >= 1) return kept;
  return logits.keepTo(findThreshold(logits, sumOfWeights(logits, temperature, threshold), topP * kept));
}

/** A threshold that every token passes. */
const NO_THRESHOLD: Threshold = { logit: Number.NEGATIVE_INFINITY, id: Number.POSITIVE_INFINITY };

/** The one of two thresholds that fewer tokens pass. */
function tighter(a: Threshold, b: Threshold): Threshold {
  return a.logit > b.logit || (a.logit === b.logit && a.id < b.id) ? a : b;
}

function minPThreshold(greatest: number, temperature: number, minP: number): Threshold {
  return minP > 0 ? { ...NO_THRESHOLD, logit: Math.fround(greatest + temperature * Math.log(minP)) } : NO_THRESHOLD;
}

/** The threshold that the k best tokens pass: every token does if k is 0 or not below the vocabulary's size. */
function topKThreshold(logits: Logits, k: number): Threshold {
  return k > 0 && k < logits.vocabularySize ? findThreshold(logits, countOfTokens(logits), k) : NO_THRESHOLD;
}

/** The `k` best tokens, or all if there are fewer, in the order of the ranking. */
export function topTokens(logits: Logits, k: number): number[] {
  const count = Math.min(k, logits.vocabularySize);
  if (count === 0) return [];
  const { logit } = findThreshold(logits, countOfTokens(logits), count);
  return logits.ranked(logit, Number.POSITIVE_INFINITY).slice(0, count);
}

/** A quantity that adds up along the ranking of tokens: their number for top-k, their weights for top-p. */
interface Measure {
  /** The sum over all tokens that have at least this logit. */
  from(logit: number): number;
  /** The share of one token. */
  of(id: number): number;
  /** Lower bound of the share of one token that has at least this logit. */
  least(logit: number): number;
  /** The first step in logits when a search begins at the best token. */
  readonly step: number;
  /** Tokens of lower logits contribute nothing. */
  readonly lowest: number;
}

const countOfTokens = (logits: Logits): Measure => ({
  from: (logit) => logits.countFrom(logit),
  of: () => 1,
  least: () => 1,
  step: 1,
  lowest: Number.NEGATIVE_INFINITY,
});

/** The weights that `exponentials` made with this temperature and `keepTo` kept up to `threshold`. */
function sumOfWeights(logits: Logits, temperature: number, threshold: Threshold): Measure {
  const greatest = logits.values[logits.best()];
  return {
    from: (logit) => logits.sumFrom(logit),
    of: (id) => logits.weights[id],
    least: (logit) => Math.exp((logit - greatest) / temperature),
    step: temperature,
    lowest: threshold.logit,
  };
}

/** So many tokens are sorted rather than halved once more: both take some 10 microseconds. */
const FEW = 256;

/**
 * The threshold lies among the tokens of logits `low` <= x < `high`, both float32. The tokens above come to the sum
 * `above`, together with those in between to `reached`.
 */
interface Bracket {
  low: number;
  reached: number;
  high: number;
  above: number;
}

/** The token at which a measure, added up along the ranking, reaches `target`. All tokens together have to reach it. */
function findThreshold(logits: Logits, measure: Measure, target: number): Threshold {
  const bracket = bracketThreshold(logits, measure, target);
  narrow(bracket, measure, target);
  const ids = logits.ranked(bracket.low, bracket.high);
  let reached = bracket.above;
  const found = ids.find((id) => {
    reached += measure.of(id);
    return reached >= target;
  });
  // The last one, if the sum in this other order came to a sliver less.
  const id = found ?? ids[ids.length - 1];
  return { logit: logits.values[id], id };
}

/** Moves `low` down from the best token in growing steps until the target is reached. */
function bracketThreshold(logits: Logits, measure: Measure, target: number): Bracket {
  const greatest = logits.values[logits.best()];
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

/** Halves the bracket until few tokens are left in it, or only equal ones. */
function narrow(bracket: Bracket, measure: Measure, target: number): void {
  while (bracket.reached - bracket.above > FEW * measure.least(bracket.low)) {
    const middle = Math.fround((bracket.low + bracket.high) / 2);
    if (middle <= bracket.low || middle >= bracket.high) return;
    const reached = measure.from(middle);
    if (reached >= target) [bracket.low, bracket.reached] = [middle, reached];
    else [bracket.high, bracket.above] = [middle, reached];
  }
}
