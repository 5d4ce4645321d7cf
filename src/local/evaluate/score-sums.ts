/** Sums over scored tokens of one model and, if there is one, of another model to compare with. */
export class ScoreSums {
  tokens = 0;
  /** -ln p, summed over the tokens of the text. */
  nats = 0;
  /** The same for the other model. */
  againstNats = 0;
  /** KL(other model || this one), in nats. */
  divergence = 0;
  /** Tokens for which both models find the same one most probable. */
  agreements = 0;

  /**
   * Adds one position.
   * @param target the token that follows in the text
   * @param logits [vocabularySize] of this model
   * @param against [vocabularySize] of the other model
   */
  add(target: number, logits: Float32Array, against?: Float32Array): void {
    const norm = exactLogSumExp(logits);
    this.tokens++;
    this.nats += norm - logits[target];
    if (!against) return;
    const againstNorm = exactLogSumExp(against);
    this.againstNats += againstNorm - against[target];
    for (let id = 0; id < logits.length; id++) {
      const difference = against[id] - againstNorm - (logits[id] - norm);
      this.divergence += Math.exp(against[id] - againstNorm) * difference;
    }
    if (mostProbable(logits) === mostProbable(against)) this.agreements++;
  }
}

/**
 * log Σ exp(logits) in float64. What generation computes with kernels in float32 is off by up to 1e-6, which is too
 * much here: the divergence of two models that are nearly the same is a sum of small differences.
 */
export function exactLogSumExp(logits: Float32Array): number {
  let max = Number.NEGATIVE_INFINITY;
  for (const logit of logits) if (logit > max) max = logit;
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - max);
  return max + Math.log(sum);
}

/** The token of the greatest logit, of several the one of the lowest id. */
const mostProbable = (logits: Float32Array): number => logits.indexOf(logits.reduce((a, b) => Math.max(a, b)));
