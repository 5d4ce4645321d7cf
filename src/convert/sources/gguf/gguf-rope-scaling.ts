import { MAX_CONTEXT_WINDOW } from '../../../core/limits.ts';
import { refuse } from './gguf-sizes.ts';
import type { GgufFile } from './open-gguf-file.ts';

/** The tensor of factors by which the periods of a head's pairs are multiplied, as Llama 3.1 needs it. */
export const ROPE_FREQUENCIES = 'rope_freqs.weight';

/** Fields under `<architecture>.rope.scaling.` that are read, or that change nothing. */
const KNOWN = ['type', 'factor', 'original_context_length', 'finetuned', 'attn_factor', 'yarn_beta_fast', 'yarn_beta_slow'];

/**
 * Reads how a file's rotary positions are stretched, in the terms of config.json's `rope_scaling`. The architecture
 * refuses types that it does not implement, by name.
 * @returns null if they are not stretched
 * @throws GptEdgeError `unsupported_model` for fields that are not implemented
 */
export async function ropeScaling(gguf: GgufFile, architecture: string): Promise<Record<string, unknown> | null> {
  const { file, metadata, tensors } = gguf;
  const prefix = `${architecture}.rope.scaling.`;
  const type = metadata.optionalText(`${prefix}type`) ?? 'none';
  const unknown = metadata.keys(prefix).find((key) => !KNOWN.includes(key.slice(prefix.length)));
  if (unknown !== undefined) throw refuse(file, `${unknown} is not supported for ${architecture}`);
  const original = metadata.optionalCount(`${prefix}original_context_length`, MAX_CONTEXT_WINDOW);
  const originally = original === undefined ? {} : { original_max_position_embeddings: original };
  if (tensors.has(ROPE_FREQUENCIES)) {
    if (type !== 'none') throw refuse(file, `${prefix}type ${type} is not supported beside the tensor ${ROPE_FREQUENCIES}`);
    return { ...(await frequencyFactors(gguf)), ...originally };
  }
  if (type === 'none') return null;
  const factor = metadata.optionalNumber(`${prefix}factor`) ?? metadata.optionalNumber(`${architecture}.rope.scale_linear`) ?? 1;
  return { rope_type: type, factor, ...originally, ...(type === 'yarn' ? yarnSettings(gguf, prefix, factor) : {}) };
}

/** transformers has factors for each pair under the name longrope. The same ones hold for texts of any length. */
async function frequencyFactors({ read }: GgufFile): Promise<Record<string, unknown>> {
  const factors = Array.from((await read(ROPE_FREQUENCIES)).values);
  return { rope_type: 'longrope', short_factor: factors, long_factor: factors, attention_factor: 1 };
}

function yarnSettings({ metadata }: GgufFile, prefix: string, factor: number): Record<string, unknown> {
  const number = (name: string) => metadata.optionalNumber(`${prefix}${name}`);
  const attention = number('attn_factor');
  const settings = {
    beta_fast: number('yarn_beta_fast'),
    beta_slow: number('yarn_beta_slow'),
    // llama.cpp multiplies by it what transformers replaces.
    attention_factor: attention === undefined ? undefined : attention * (factor <= 1 ? 1 : 0.1 * Math.log(factor) + 1),
  };
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}
