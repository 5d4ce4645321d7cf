import { z } from 'zod';
import { MAX_CONTEXT_WINDOW, MAX_DIMENSION, MAX_LAYERS, MAX_VOCABULARY } from '../../core/limits.ts';
import { countSchema, parseConfig } from './config-json.ts';
import { readRotary, rotaryFields } from './rotary-config.ts';

const schema = z
  .object({
    vocab_size: countSchema(MAX_VOCABULARY),
    max_position_embeddings: countSchema(MAX_CONTEXT_WINDOW),
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
    ...rotaryFields,
  })
  .transform((config, context) => {
    const fail = (path: PropertyKey[], message: string) => context.addIssue({ code: 'custom', path, message });
    const { hidden_size: width, num_attention_heads: heads, max_position_embeddings: positions } = config;
    const keyValueHeads = config.num_key_value_heads ?? heads;
    const headSize = config.head_dim ?? width / heads;
    if (!Number.isInteger(headSize)) fail(['hidden_size'], 'is not a multiple of num_attention_heads');
    if (headSize % 2 !== 0)
      fail([config.head_dim ? 'head_dim' : 'hidden_size'], 'makes heads of an odd size, which rotary positions cannot rotate');
    if (heads % keyValueHeads !== 0) fail(['num_key_value_heads'], 'does not divide num_attention_heads');
    const rotary = readRotary(config, positions);
    if (!('message' in rotary)) return { ...config, keyValueHeads, headSize, rotary };
    fail(rotary.path, rotary.message);
    return z.NEVER;
  });

/** What LLaMA's config.json says about its graph, in the keys of transformers 4 or 5. */
export type LlamaConfig = z.infer<typeof schema>;

/** @throws GptEdgeError `invalid_file`, naming the first field at fault, its value and what is allowed */
export function parseLlamaConfig(json: unknown): LlamaConfig {
  return parseConfig(schema, json);
}
