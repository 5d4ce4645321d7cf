import type { Architecture } from './architecture.ts';
import { describeLlama, parseLlamaConfig } from './llama-config.ts';
import { planLlamaDecoder } from './llama-decoder.ts';

/** LLaMA 1 to 3 and models built like them: rotary positions, grouped queries, RMS norms, SwiGLU. */
export const llama: Architecture = {
  modelType: 'llama',
  plan(json, contextWindow) {
    const config = parseLlamaConfig(json);
    return planLlamaDecoder({
      ...describeLlama('llama', config, contextWindow),
      projectionBias: config.attention_bias,
      outputBias: config.attention_bias,
      feedForwardBias: config.mlp_bias,
    });
  },
};
