import type { SamplingOptions } from './sampling-options.ts';

/**
 * Applies penalties and bias to `logits` [vocabularySize], in place. The frequency and presence penalties look at the
 * generated tokens only, as in OpenAI's API; the repetition penalty looks at prompt and completion, as in Hugging
 * Face transformers.
 */
export function processLogits(
  logits: Float32Array,
  options: SamplingOptions,
  prompt: readonly number[],
  generated: readonly number[],
): void {
  if (options.repetitionPenalty !== 1) {
    for (const id of new Set([...prompt, ...generated]))
      logits[id] = logits[id] > 0 ? logits[id] / options.repetitionPenalty : logits[id] * options.repetitionPenalty;
  }
  if (options.frequencyPenalty !== 0) for (const id of generated) logits[id] -= options.frequencyPenalty;
  if (options.presencePenalty !== 0) for (const id of new Set(generated)) logits[id] -= options.presencePenalty;
  for (const [id, bias] of options.logitBias) logits[id] += bias;
}
