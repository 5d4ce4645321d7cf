import type { Architecture } from './architecture.ts';
import { describeLlama } from './llama-config.ts';
import { planLlamaDecoder } from './llama-decoder.ts';
import { parseQwenConfig, qwenWindow } from './qwen-config.ts';

/** Qwen3 is like LLaMA, but each head of queries and keys is normalized before it is rotated. */
export const qwen3: Architecture = {
  modelType: 'qwen3',
  plan(json, contextWindow) {
    const config = parseQwenConfig(json, { head_dim: 128 });
    return planLlamaDecoder({
      ...describeLlama('qwen3', config, contextWindow),
      ...qwenWindow(config),
      headNorms: true,
      projectionBias: config.attention_bias,
      outputBias: config.attention_bias,
    });
  },
};
