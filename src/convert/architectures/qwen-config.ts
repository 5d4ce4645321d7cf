import { z } from 'zod';
import { MAX_LAYERS } from '../../core/limits.ts';
import { type LlamaConfig, llamaSchema, parseLlamaConfig } from './llama-config.ts';

const schema = llamaSchema.extend({
  use_sliding_window: z.boolean().default(false),
  /** Layers from this one on are local, if layer_types does not say it and there is a window at all. */
  max_window_layers: z.number().int().min(0).max(MAX_LAYERS).default(28),
});

/** What config.json of a Qwen2 or Qwen3 says. */
export type QwenConfig = LlamaConfig<z.infer<typeof schema>>;

/**
 * Reads config.json of a Qwen2 or Qwen3.
 * @param defaults the family's values for absent fields
 * @throws GptEdgeError `invalid_file`, naming the first field at fault, its value and what is allowed
 */
export function parseQwenConfig(json: unknown, defaults: { head_dim?: number } = {}): QwenConfig {
  return parseLlamaConfig(json, schema, { sliding_window: 4096, ...defaults });
}

/** Returns which layers are local, and how many positions these see. */
export function qwenWindow(config: QwenConfig): { localLayers: readonly boolean[]; window?: number } {
  const isLocal = (layer: number) =>
    config.layer_types ? config.layer_types[layer] === 'sliding_attention' : layer >= config.max_window_layers;
  const window = config.use_sliding_window ? (config.sliding_window ?? undefined) : undefined;
  return { localLayers: Array.from({ length: config.num_hidden_layers }, (_, layer) => isLocal(layer)), window };
}
