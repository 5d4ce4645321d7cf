import type { Architecture } from './architecture.ts';
import { describeLlama, parseLlamaConfig } from './llama-config.ts';
import { planLlamaDecoder } from './llama-decoder.ts';

/** The window where config.json leaves it out. Null stands for none. */
const DEFAULTS = { sliding_window: 4096 };

/** Mistral is like LLaMA, but each layer sees only a window of the last positions. Later versions have no window. */
export const mistral: Architecture = {
  modelType: 'mistral',
  plan(json, contextWindow) {
    const config = parseLlamaConfig(json, undefined, DEFAULTS);
    return planLlamaDecoder({
      ...describeLlama('mistral', config, contextWindow),
      localLayers: new Array<boolean>(config.num_hidden_layers).fill(true),
      window: config.sliding_window ?? undefined,
    });
  },
};
