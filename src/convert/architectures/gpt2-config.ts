import { z } from 'zod';
import { MAX_CONTEXT_WINDOW, MAX_DIMENSION, MAX_LAYERS, MAX_VOCABULARY } from '../../core/limits.ts';
import { countSchema, parseConfig } from './config-json.ts';

const schema = z
  .object({
    vocab_size: countSchema(MAX_VOCABULARY),
    n_positions: countSchema(MAX_CONTEXT_WINDOW),
    n_embd: countSchema(MAX_DIMENSION),
    n_layer: countSchema(MAX_LAYERS),
    n_head: countSchema(MAX_DIMENSION),
    /** Width of the feed-forward layer; absent or null: four times n_embd. */
    n_inner: countSchema(MAX_DIMENSION).nullish(),
    activation_function: z.string().default('gelu_new'),
    layer_norm_epsilon: z.number().positive().max(1).default(1e-5),
    scale_attn_weights: z.boolean().default(true),
    scale_attn_by_inverse_layer_idx: z.boolean().default(false),
    add_cross_attention: z.boolean().default(false),
    tie_word_embeddings: z.boolean().default(true),
  })
  .refine((config) => config.n_embd % config.n_head === 0, { path: ['n_embd'], message: 'is not a multiple of n_head' });

/** What GPT-2's config.json says about its graph. Fields for training are left out. */
export type Gpt2Config = z.infer<typeof schema>;

/** @throws GptEdgeError `invalid_file`, naming the first field at fault, its value and what is allowed */
export function parseGpt2Config(json: unknown): Gpt2Config {
  return parseConfig(schema, json);
}
