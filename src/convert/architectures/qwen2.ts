import type { Architecture } from './architecture.ts';
import { describeLlama } from './llama-config.ts';
import { planLlamaDecoder } from './llama-decoder.ts';
import { parseQwenConfig, qwenWindow } from './qwen-config.ts';

/** Qwen2 and 2.5 are like LLaMA, but the projections to queries, keys and values have biases. */
export const qwen2: Architecture = {
  modelType: 'qwen2',
  plan(json, contextWindow) {
    const config = parseQwenConfig(json);
    return planLlamaDecoder({ ...describeLlama('qwen2', config, contextWindow), ...qwenWindow(config), projectionBias: true });
  },
};
