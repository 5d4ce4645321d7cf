/**
 * The `k` tokens of the highest scores, best first; of equal scores the lower id first. One pass, with insertion into a
 * sorted list: after the first few tokens hardly any gets in.
 */
export function topTokens(scores: Float32Array | Float64Array, k: number): number[] {
  const best: number[] = [];
  const count = Math.min(k, scores.length);
  for (let id = 0; id < scores.length && count > 0; id++) {
    const score = scores[id];
    if (best.length === count && score <= scores[best[count - 1]]) continue;
    let low = 0;
    for (let high = best.length; low < high; ) {
      const middle = (low + high) >>> 1;
      if (scores[best[middle]] >= score) low = middle + 1;
      else high = middle;
    }
    best.splice(low, 0, id);
    if (best.length > count) best.pop();
  }
  return best;
}
