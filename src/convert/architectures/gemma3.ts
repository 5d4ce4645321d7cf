import { z } from 'zod';
import { MAX_LAYERS } from '../../core/limits.ts';
import type { Architecture } from './architecture.ts';
import { countSchema, failConfig, type Setting } from './config-json.ts';
import { describeLlama, type LlamaConfig, llamaSchema, parseLlamaConfig, rotarySettings } from './llama-config.ts';
import { planLlamaDecoder } from './llama-decoder.ts';
import { type RotaryConfig, readRotaryOf } from './rotary-config.ts';

const schema = llamaSchema.extend({
  hidden_activation: z.string().default('gelu_pytorch_tanh'),
  /** Attention scores are divided by the square root of this. */
  query_pre_attn_scalar: z.number().positive().max(1e6).default(256),
  /** Every layer of this number is a global one, if layer_types does not say it. */
  sliding_window_pattern: countSchema(MAX_LAYERS).default(6),
  /** Theta of the local layers in the keys of transformers 4. */
  rope_local_base_freq: z.number().min(1).max(1e15).default(10_000),
  final_logit_softcapping: z.number().nullish(),
  attn_logit_softcapping: z.number().nullish(),
  use_bidirectional_attention: z.boolean().nullish(),
});

type Gemma3Config = LlamaConfig<z.infer<typeof schema>>;

const DEFAULTS = { head_dim: 256, sliding_window: 4096, tie_word_embeddings: true };
/** Theta of the global layers, where config.json leaves it out. */
const GLOBAL_THETA = 1e6;

/**
 * Gemma 3 is like LLaMA, but its gate is a GELU, embeddings are scaled, heads of queries and keys are normalized, each
 * half of a layer has a norm before and one after it, norms' weights lie around 0, and most layers see only a window,
 * with rotary positions of their own.
 */
export const gemma3: Architecture = {
  modelType: 'gemma3_text',
  plan(json, contextWindow) {
    const config = parseLlamaConfig(json, schema, DEFAULTS);
    const rotary = readKind('full_attention', config, config.rope_theta ?? GLOBAL_THETA);
    const localRotary = readKind('sliding_attention', config, config.rope_local_base_freq);
    const described = { ...config, rotary, hidden_act: config.hidden_activation };
    return planLlamaDecoder({
      ...describeLlama('gemma3_text', described, contextWindow, [...settings(config), ...rotarySettings(localRotary)]),
      localLayers: localLayers(config),
      window: config.sliding_window ?? undefined,
      localRotary,
      scale: 1 / Math.sqrt(config.query_pre_attn_scalar),
      headNorms: true,
      aroundNorms: true,
      normOffset: 1,
      embeddingScale: Math.sqrt(config.hidden_size),
      projectionBias: config.attention_bias,
      outputBias: config.attention_bias,
    });
  },
};

function readKind(kind: 'full_attention' | 'sliding_attention', config: Gemma3Config, theta: number): RotaryConfig {
  const rotary = readRotaryOf(kind, config, theta);
  if ('message' in rotary) throw failConfig(config, rotary);
  return rotary;
}

function localLayers({ layer_types: types, num_hidden_layers: layers, sliding_window_pattern: pattern }: Gemma3Config): boolean[] {
  return Array.from({ length: layers }, (_, layer) => (types ? types[layer] === 'sliding_attention' : (layer + 1) % pattern !== 0));
}

function settings(config: Gemma3Config): Setting[] {
  return [
    { field: 'attn_logit_softcapping', value: config.attn_logit_softcapping ?? null, supported: [null] },
    { field: 'final_logit_softcapping', value: config.final_logit_softcapping ?? null, supported: [null] },
    { field: 'use_bidirectional_attention', value: config.use_bidirectional_attention ?? false, supported: [false] },
  ];
}
