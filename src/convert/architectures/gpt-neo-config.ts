import { z } from 'zod';
import { MAX_CONTEXT_WINDOW, MAX_DIMENSION, MAX_LAYERS, MAX_VOCABULARY } from '../../core/limits.ts';
import { countSchema, parseConfig } from './config-json.ts';

const kindSchema = z.enum(['global', 'local']);

const schema = z
  .object({
    vocab_size: countSchema(MAX_VOCABULARY),
    max_position_embeddings: countSchema(MAX_CONTEXT_WINDOW),
    hidden_size: countSchema(MAX_DIMENSION),
    num_layers: countSchema(MAX_LAYERS),
    num_heads: countSchema(MAX_DIMENSION),
    /** Runs of layer kinds, and how often each run is repeated. */
    attention_types: z
      .array(z.tuple([z.array(kindSchema).max(MAX_LAYERS), countSchema(MAX_LAYERS)]))
      .max(MAX_LAYERS)
      .nullish()
      .transform((types) => types ?? [[['global', 'local'], 12] satisfies [unknown, number]]),
    /** Positions that a local layer sees, its own included. */
    window_size: countSchema(MAX_CONTEXT_WINDOW).default(256),
    /** Width of the feed-forward layer; absent or null: four times hidden_size. */
    intermediate_size: countSchema(MAX_DIMENSION).nullish(),
    activation_function: z.string().default('gelu_new'),
    layer_norm_epsilon: z.number().positive().max(1).default(1e-5),
    tie_word_embeddings: z.boolean().default(true),
  })
  .refine((config) => config.hidden_size % config.num_heads === 0, { path: ['hidden_size'], message: 'is not a multiple of num_heads' })
  .refine((config) => countLayers(config.attention_types) === config.num_layers, {
    path: ['attention_types'],
    message: 'describes another number of layers than num_layers',
  });

type Kind = z.infer<typeof kindSchema>;

/** What GPT-Neo's config.json says about its graph. */
export interface GptNeoConfig extends z.infer<typeof schema> {
  /** `attention_types`, layer by layer. */
  readonly kinds: readonly Kind[];
}

/** @throws GptEdgeError `invalid_file`, naming the first field at fault, its value and what is allowed */
export function parseGptNeoConfig(json: unknown): GptNeoConfig {
  const config = parseConfig(schema, json);
  const kinds = config.attention_types.flatMap(([run, times]) => Array.from({ length: times }, () => run as readonly Kind[]).flat());
  return { ...config, kinds };
}

/** Counts the layers before they are written out, since a few bytes of a file can ask for very many. */
function countLayers(types: readonly (readonly [readonly unknown[], number])[]): number {
  return types.reduce((sum, [run, times]) => sum + run.length * times, 0);
}
