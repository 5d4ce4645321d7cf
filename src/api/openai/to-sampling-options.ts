import type { z } from '@hono/zod-openapi';
import type { LanguageModel } from '../../generation/language-model.ts';
import { SAMPLING_DEFAULTS, type SamplingOptions } from '../../generation/sampling/sampling-options.ts';
import { checkTokenIds } from './check-token-ids.ts';
import type { samplingFields } from './schemas/common-fields.ts';

type Wire = { [K in keyof typeof samplingFields]?: z.infer<(typeof samplingFields)[K]> };

const randomSeed = (): number => crypto.getRandomValues(new Uint32Array(1))[0];

/** The wire's sampling fields as the sampler's options; what the request leaves open is the model's to say. */
export function toSamplingOptions(wire: Wire, model: LanguageModel): SamplingOptions {
  const defaults = { ...SAMPLING_DEFAULTS, ...model.samplingDefaults };
  const logitBias = new Map(Object.entries(wire.logit_bias ?? {}).map(([id, bias]) => [Number(id), bias]));
  checkTokenIds([...logitBias.keys()], model, 'logit_bias');
  return {
    temperature: wire.temperature ?? defaults.temperature,
    topK: wire.top_k ?? defaults.topK,
    topP: wire.top_p ?? defaults.topP,
    minP: wire.min_p ?? defaults.minP,
    frequencyPenalty: wire.frequency_penalty ?? defaults.frequencyPenalty,
    presencePenalty: wire.presence_penalty ?? defaults.presencePenalty,
    repetitionPenalty: wire.repetition_penalty ?? defaults.repetitionPenalty,
    logitBias,
    seed: wire.seed ?? randomSeed(),
  };
}

export const toStops = (stop: Wire['stop']): readonly string[] => (typeof stop === 'string' ? [stop] : (stop ?? []));
