import { logSumExp } from './log-sum-exp.ts';

/** The lowest id of several. */
const mostProbable = (logits: Float32Array): number => logits.indexOf(logits.reduce((a, b) => Math.max(a, b)));

/** Sums over scored tokens, of one model and, where there is one, another to compare with. */
export class ScoreSums {
  tokens = 0;
  /** -ln p of the tokens that came. */
  nats = 0;
  againstNats = 0;
  /** KL(other model || this one), in nats. */
  divergence = 0;
  /** Tokens for which both models find the same one most probable. */
  agreements = 0;

  /**
   * Adds one position.
   * @param target the token that came
   * @param logits [vocabularySize] of this model
   * @param against the other model's
   */
  add(target: number, logits: Float32Array, against?: Float32Array): void {
    const norm = logSumExp(logits);
    this.tokens++;
    this.nats += norm - logits[target];
    if (!against) return;
    const againstNorm = logSumExp(against);
    this.againstNats += againstNorm - against[target];
    for (let id = 0; id < logits.length; id++) {
      const difference = against[id] - againstNorm - (logits[id] - norm);
      this.divergence += Math.exp(against[id] - againstNorm) * difference;
    }
    if (mostProbable(logits) === mostProbable(against)) this.agreements++;
  }
}
