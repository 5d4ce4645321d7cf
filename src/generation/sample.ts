import type { SamplingOptions } from './sampling-options.ts';
import { topTokens } from './top-tokens.ts';

type Shape = Pick<SamplingOptions, 'temperature' | 'topK' | 'topP' | 'minP'>;

/**
 * Chooses a token: pure, from logits [vocabularySize], options and one random number in [0, 1). Temperature first, then
 * min_p, top_k and top_p, each on what the one before kept.
 */
export function sample(logits: Float32Array, options: Shape, random: number): number {
  const [best] = topTokens(logits, 1);
  if (options.temperature === 0) return best;
  const weights = relativeProbabilities(logits, logits[best], options);
  const kept = keep(weights, options);
  let remaining = random * sum(weights, kept);
  for (const id of kept) {
    remaining -= weights[id];
    if (remaining < 0) return id;
  }
  return best; // rounding left a sliver behind the last token
}

/** Probabilities relative to the most probable token's, so that its own is 1; below min_p they are 0. */
function relativeProbabilities(logits: Float32Array, max: number, { temperature, minP }: Shape): Float64Array {
  const weights = new Float64Array(logits.length);
  for (let id = 0; id < logits.length; id++) {
    const weight = Math.exp((logits[id] - max) / temperature);
    weights[id] = weight < minP ? 0 : weight;
  }
  return weights;
}

/** The ids that top_k and top_p keep. */
function keep(weights: Float64Array, { topK, topP }: Shape): Iterable<number> & ArrayLike<number> {
  const all = allIds(weights.length);
  if (topK === 0 && topP === 1) return all;
  const ranked = topK > 0 ? topTokens(weights, topK) : nucleusCandidates(weights, topP);
  const target = topP * sum(weights, topK > 0 ? ranked : all);
  let reached = 0;
  const last = ranked.findIndex((id) => {
    reached += weights[id];
    return reached >= target;
  });
  return last === -1 ? ranked : ranked.slice(0, last + 1);
}

/**
 * Tokens that can belong to the nucleus, most probable first. A token below (1 - top_p) / (n - 1) cannot: all of them
 * together do not fill what the nucleus leaves. So only few are sorted (llama2.c, `sample_topp`).
 */
function nucleusCandidates(weights: Float64Array, topP: number): number[] {
  const ids = allIds(weights.length);
  const cutoff = (sum(weights, ids) * (1 - topP)) / (weights.length - 1);
  return Array.from(ids.filter((id) => weights[id] >= cutoff)).sort((a, b) => weights[b] - weights[a] || a - b);
}

/** Filled by a loop: for every token, an iterator over a large vocabulary would cost more than the sampling. */
function allIds(count: number): Uint32Array {
  const ids = new Uint32Array(count);
  for (let id = 0; id < count; id++) ids[id] = id;
  return ids;
}

function sum(weights: Float64Array, ids: Iterable<number>): number {
  let total = 0;
  for (const id of ids) total += weights[id];
  return total;
}
