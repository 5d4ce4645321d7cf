import { z } from 'zod';
import { GptEdgeError } from '../../core/errors.ts';
import type { SamplingOptions } from './sampling-options.ts';

const generationConfigSchema = z.looseObject({
  do_sample: z.boolean().nullish(),
  temperature: z.number().min(0).max(100).nullish(),
  top_k: z.number().int().min(0).nullish(),
  top_p: z.number().gt(0).max(1).nullish(),
  min_p: z.number().min(0).max(1).nullish(),
  repetition_penalty: z.number().gt(0).nullish(),
});

/**
 * The sampling options that a model's generation_config.json recommends.
 * @throws GptEdgeError `unsupported_model`, naming the field that cannot be read
 */
export function parseGenerationConfig(bytes: Uint8Array): Partial<SamplingOptions> {
  try {
    const config = generationConfigSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
    const options = {
      // This is how transformers says: choose the most probable token.
      temperature: config.do_sample === false ? 0 : config.temperature,
      topK: config.top_k,
      topP: config.top_p,
      minP: config.min_p,
      repetitionPenalty: config.repetition_penalty,
    };
    return Object.fromEntries(Object.entries(options).filter(([, value]) => value != null));
  } catch (cause) {
    throw new GptEdgeError('unsupported_model', `generation_config.json cannot be read: ${(cause as Error).message}`, {
      param: 'generation_config.json',
      cause,
    });
  }
}
