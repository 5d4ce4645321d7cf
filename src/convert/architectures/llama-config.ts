import { z } from 'zod';
import { MAX_CONTEXT_WINDOW, MAX_DIMENSION, MAX_LAYERS, MAX_VOCABULARY } from '../../core/limits.ts';
import { activationNames } from './activations.ts';
import { chooseContextWindow, countSchema, parseConfig, refuseUnsupported, type Setting } from './config-json.ts';
import type { LlamaDecoder } from './llama-decoder.ts';
import { paddedHeadSize } from './pad-heads.ts';
import { type RotaryConfig, readRotary, rotaryFields, rotaryTypes } from './rotary-config.ts';

/** The fields that config.json of LLaMA and of models built like it has. Each family reads some of the optional ones. */
export const llamaSchema = z.object({
  vocab_size: countSchema(MAX_VOCABULARY),
  hidden_size: countSchema(MAX_DIMENSION),
  intermediate_size: countSchema(MAX_DIMENSION),
  num_hidden_layers: countSchema(MAX_LAYERS),
  num_attention_heads: countSchema(MAX_DIMENSION),
  /** Absent or null: as many as num_attention_heads. */
  num_key_value_heads: countSchema(MAX_DIMENSION).nullish(),
  /** Absent or null: hidden_size / num_attention_heads. */
  head_dim: countSchema(MAX_DIMENSION).nullish(),
  hidden_act: z.string().default('silu'),
  rms_norm_eps: z.number().positive().max(1).default(1e-6),
  tie_word_embeddings: z.boolean().default(false),
  attention_bias: z.boolean().default(false),
  mlp_bias: z.boolean().default(false),
  /** Positions that a local layer sees, its own included. */
  sliding_window: countSchema(MAX_CONTEXT_WINDOW).nullish(),
  /** The kind of each layer. */
  layer_types: z
    .array(z.enum(['full_attention', 'sliding_attention']))
    .max(MAX_LAYERS)
    .nullish(),
  ...rotaryFields,
});

/** What such a config.json says, in the keys of transformers 4 or 5. */
export type LlamaFields = z.infer<typeof llamaSchema>;

/** The fields with what follows from several of them. */
export type LlamaConfig<Fields extends LlamaFields = LlamaFields> = Fields & {
  readonly keyValueHeads: number;
  readonly headSize: number;
  readonly rotary: RotaryConfig;
};

/**
 * Reads config.json of a model built like LLaMA.
 * @param schema `llamaSchema`, or an extension
 * @param defaults the family's values for absent fields, where they are not LLaMA's
 * @throws GptEdgeError `invalid_file`, naming the first field at fault, its value and what is allowed
 */
export function parseLlamaConfig<Fields extends LlamaFields = LlamaFields>(
  json: unknown,
  schema: z.ZodType<Fields> = llamaSchema as unknown as z.ZodType<Fields>,
  defaults: Partial<Fields> = {},
): LlamaConfig<Fields> {
  const derived = schema.transform((config, context): LlamaConfig<Fields> => {
    const fail = (path: PropertyKey[], message: string) => context.addIssue({ code: 'custom', path, message });
    const { hidden_size: width, num_attention_heads: heads } = config;
    const keyValueHeads = config.num_key_value_heads ?? heads;
    const headSize = config.head_dim ?? width / heads;
    if (!Number.isInteger(headSize)) fail(['hidden_size'], 'is not a multiple of num_attention_heads');
    if (headSize % 2 !== 0)
      fail([config.head_dim ? 'head_dim' : 'hidden_size'], 'makes heads of an odd size, which rotary positions cannot rotate');
    if (heads % keyValueHeads !== 0) fail(['num_key_value_heads'], 'does not divide num_attention_heads');
    if (config.layer_types && config.layer_types.length !== config.num_hidden_layers)
      fail(['layer_types'], 'describes a number of layers other than num_hidden_layers');
    const rotary = readRotary(config);
    if (!('message' in rotary)) return { ...config, keyValueHeads, headSize, rotary };
    fail(rotary.path as PropertyKey[], rotary.message);
    return z.NEVER;
  });
  return parseConfig(derived, { ...defaults, ...(json as object) });
}

/**
 * Describes the decoder that a config.json asks for, without what only some families have.
 * @throws GptEdgeError `unsupported_model` for a setting that is not implemented; `invalid_value` for a context window
 *   beyond the model's
 */
export function describeLlama(
  modelType: string,
  config: LlamaConfig,
  contextWindow?: number,
  settings: readonly Setting[] = [],
): LlamaDecoder {
  refuseUnsupported(modelType, [
    ...settings,
    { field: 'hidden_act', value: config.hidden_act, supported: activationNames },
    ...rotarySettings(config.rotary),
  ]);
  return {
    shape: {
      contextWindow: chooseContextWindow(contextWindow, { field: 'max_position_embeddings', value: config.max_position_embeddings }),
      vocabularySize: config.vocab_size,
      layers: config.num_hidden_layers,
      hiddenSize: config.hidden_size,
      heads: config.num_attention_heads,
      keyValueHeads: config.keyValueHeads,
      headDimension: paddedHeadSize(config.headSize),
    },
    headSize: config.headSize,
    inner: config.intermediate_size,
    epsilon: config.rms_norm_eps,
    tied: config.tie_word_embeddings,
    activation: config.hidden_act,
    // The scale depends on the true head size, not on the padded one.
    scale: 1 / Math.sqrt(config.headSize),
    rotary: config.rotary,
  };
}

/** The settings of rotary positions, of which these models rotate whole heads. */
export function rotarySettings(rotary: RotaryConfig): Setting[] {
  return [
    { field: 'rope_type', value: rotary.type, supported: rotaryTypes },
    { field: 'partial_rotary_factor', value: rotary.partialFactor, supported: [1] },
  ];
}
