import type { Llama3Scaling, RotaryConfig } from './rotary-config.ts';

/**
 * Rounds each step to float32, in the order in which transformers computes. Models were trained with these roundings,
 * and they matter far from the start of a text: without them, logits at position 4,000 of the type llama3 are off by
 * 1e-4.
 */
const round = Math.fround;

/** Returns the radians by which each of a head's `headSize / 2` pairs rotates from one position to the next. */
export function rotaryFrequencies({ theta, llama3 }: Pick<RotaryConfig, 'theta' | 'llama3'>, headSize: number): number[] {
  const frequencies = Array.from({ length: headSize / 2 }, (_, pair) => round(1 / round(theta ** round((2 * pair) / headSize))));
  return llama3 ? frequencies.map((frequency) => stretch(frequency, llama3)) : frequencies;
}

/**
 * Applies Llama 3.1's scaling: short waves stay, waves longer than the text that the model was trained with are
 * stretched by `factor`, and those in between are blended.
 */
function stretch(frequency: number, scaling: Llama3Scaling): number {
  const { factor, low_freq_factor: low, high_freq_factor: high, original_max_position_embeddings: original } = scaling;
  // PyTorch divides a number by a tensor in two steps: the tensor's reciprocal, then a product.
  const wavelength = round(round(1 / frequency) * round(2 * Math.PI));
  if (wavelength < original / high) return frequency;
  if (wavelength > original / low) return round(frequency / factor);
  const smooth = round(round(round(round(1 / wavelength) * original) - low) / (high - low));
  return round(round(round(round(1 - smooth) * frequency) / factor) + round(smooth * frequency));
}
