import { GptEdgeError } from '../../core/errors.ts';
import type { RotaryConfig, RotaryScaling } from './rotary-config.ts';

/**
 * Rounds each step to float32, in the order in which transformers computes. Models were trained with these roundings,
 * and they matter far from the start of a text: without them, logits at position 4,000 of the type llama3 are off by
 * 1e-4.
 */
const round = Math.fround;

/** How each pair of a head is rotated. */
export interface RotaryWaves {
  /** The radians by which each pair rotates from one position to the next. */
  readonly frequencies: readonly number[];
  /** What cosines and sines are multiplied by. */
  readonly amplitude: number;
}

/** What the waves depend on besides config.json's fields about rotary positions. */
export interface RotarySize {
  /** Values of a head. */
  readonly headSize: number;
  /** Positions that are kept. */
  readonly contextWindow: number;
}

/**
 * Returns how each of a head's pairs rotates. Only the first `partialFactor` of a head has pairs.
 * @throws GptEdgeError `unsupported_model` for frequencies that depend on how long a text is
 */
export function rotaryWaves(rotary: RotaryConfig, { headSize, contextWindow }: RotarySize): RotaryWaves {
  // An odd size is rounded up to whole pairs, but frequencies are spread over the size itself.
  const size = partialSize(rotary, headSize);
  const periods = Array.from({ length: Math.ceil(size / 2) }, (_, pair) => round(rotary.theta ** round((2 * pair) / size)));
  const { scaling } = rotary;
  if (scaling?.type === 'yarn') return yarnWaves(periods, scaling, rotary, size);
  if (scaling?.type === 'longrope') return longropeWaves(periods, scaling, rotary, contextWindow);
  const frequencies = periods.map((period) => round(1 / period));
  if (scaling?.type === 'linear') return { frequencies: frequencies.map((frequency) => round(frequency / scaling.factor)), amplitude: 1 };
  if (scaling?.type === 'llama3') return { frequencies: frequencies.map((frequency) => stretch(frequency, scaling)), amplitude: 1 };
  return { frequencies, amplitude: 1 };
}

/** Returns how many values of a head are rotated. */
export function rotatedSize(rotary: Pick<RotaryConfig, 'partialFactor'>, headSize: number): number {
  return 2 * Math.ceil(partialSize(rotary, headSize) / 2);
}

const partialSize = ({ partialFactor }: Pick<RotaryConfig, 'partialFactor'>, headSize: number): number =>
  Math.floor(headSize * partialFactor);

type Scaling<Type> = Extract<RotaryScaling, { type: Type }>;

/**
 * Applies Llama 3.1's scaling: short waves stay, waves longer than the text that the model was trained with are
 * stretched by `factor`, and those in between are blended.
 */
function stretch(frequency: number, scaling: Scaling<'llama3'>): number {
  const { factor, low_freq_factor: low, high_freq_factor: high, original_max_position_embeddings: original } = scaling;
  // PyTorch divides a number by a tensor in two steps: the tensor's reciprocal, then a product.
  const wavelength = round(round(1 / frequency) * round(2 * Math.PI));
  if (wavelength < original / high) return frequency;
  if (wavelength > original / low) return round(frequency / factor);
  const smooth = round(round(round(round(1 / wavelength) * original) - low) / (high - low));
  return round(round(round(round(1 - smooth) * frequency) / factor) + round(smooth * frequency));
}

/**
 * YaRN (https://arxiv.org/abs/2309.00071): waves that turn more than `beta_fast` times in the original text stay, those
 * that turn less than `beta_slow` times are stretched by `factor`, and those in between are blended.
 */
function yarnWaves(periods: readonly number[], scaling: Scaling<'yarn'>, rotary: RotaryConfig, size: number): RotaryWaves {
  const { original_max_position_embeddings: original, truncate } = scaling;
  const factor = scaling.factor ?? rotary.positions / original;
  const pairOf = (turns: number) => (size * Math.log(original / (turns * 2 * Math.PI))) / (2 * Math.log(rotary.theta));
  const [fast, slow] = [pairOf(scaling.beta_fast ?? 32), pairOf(scaling.beta_slow ?? 1)];
  const first = Math.max(truncate === false ? fast : Math.floor(fast), 0);
  const last = Math.min(truncate === false ? slow : Math.ceil(slow), size - 1);
  const length = last === first ? 0.001 : last - first;
  const frequencies = periods.map((period, pair) => {
    const stretched = round(Math.min(1, Math.max(0, round(round(pair - round(first)) / round(length)))));
    const kept = round(1 - stretched);
    const interpolated = round(1 / round(factor * period));
    return round(round(interpolated * round(1 - kept)) + round(round(1 / period) * kept));
  });
  return { frequencies, amplitude: scaling.attention_factor ?? yarnAmplitude(factor, scaling) };
}

function yarnAmplitude(factor: number, { mscale, mscale_all_dim: all }: Scaling<'yarn'>): number {
  const grown = (weight: number) => (factor <= 1 ? 1 : 0.1 * weight * Math.log(factor) + 1);
  return mscale && all ? grown(mscale) / grown(all) : grown(1);
}

/** Stretches each pair by a factor of its own, as Phi-3 does. */
function longropeWaves(periods: readonly number[], scaling: Scaling<'longrope'>, rotary: RotaryConfig, contextWindow: number): RotaryWaves {
  const { short_factor: short, long_factor: long, original_max_position_embeddings: original } = scaling;
  const isShort = contextWindow <= original;
  if (!isShort && short.join() !== long.join())
    throw unsupported(`depends on whether a text has more than ${original} tokens; a contextWindow of ${original} does not`);
  if (short.length !== periods.length) throw unsupported(`has ${short.length} factors for ${periods.length} pairs`);
  const factor = scaling.factor ?? rotary.positions / original;
  const amplitude = factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(original));
  const frequencies = periods.map((period, pair) => round(1 / round(round(short[pair]) * period)));
  return { frequencies, amplitude: scaling.attention_factor ?? amplitude };
}

function unsupported(problem: string): GptEdgeError {
  return new GptEdgeError('unsupported_model', `config.json: rope_type "longrope" ${problem}`, { param: 'config.json' });
}
