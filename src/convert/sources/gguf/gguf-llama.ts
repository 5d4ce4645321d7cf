import { MAX_CONTEXT_WINDOW } from '../../../core/limits.ts';
import { type GgufArchitecture, renameWith } from './gguf-architecture.ts';
import { ROPE_FREQUENCIES, ropeScaling } from './gguf-rope-scaling.ts';
import { checkOnlyValues, ggufHeadSize, rotaryModelSizes } from './gguf-sizes.ts';
import { LLAMA_LAYER_NAMES, LLAMA_NAMES, llamaLayerPrefix } from './llama-names.ts';

const rename = renameWith(
  LLAMA_NAMES,
  {
    ...LLAMA_LAYER_NAMES,
    'attn_q.weight': ['self_attn.q_proj.weight', 'query-rows'],
    'attn_q.bias': ['self_attn.q_proj.bias', 'query-rows'],
    'attn_k.weight': ['self_attn.k_proj.weight', 'key-rows'],
    'attn_k.bias': ['self_attn.k_proj.bias', 'key-rows'],
  },
  llamaLayerPrefix,
);

/**
 * Llama, and models like it under its name, such as Mistral. GGUF keeps query and key rows in RoPE's interleaved order.
 */
export const ggufLlama: GgufArchitecture = {
  name: 'llama',
  config: async (gguf) => {
    const { metadata, tensors } = gguf;
    const headSize = ggufHeadSize(gguf, 'llama');
    checkOnlyValues(gguf, 'llama', { 'rope.dimension_count': headSize, 'attention.value_length': headSize, expert_count: 0 });
    const window = metadata.optionalCount('llama.attention.sliding_window', MAX_CONTEXT_WINDOW);
    return {
      ...(window ? { architectures: ['MistralForCausalLM'], model_type: 'mistral', sliding_window: window } : LLAMA),
      hidden_act: 'silu',
      ...rotaryModelSizes(gguf, 'llama'),
      head_dim: headSize,
      rms_norm_eps: metadata.number('llama.attention.layer_norm_rms_epsilon'),
      rope_scaling: await ropeScaling(gguf, 'llama'),
      attention_bias: tensors.has('blk.0.attn_q.bias'),
      mlp_bias: tensors.has('blk.0.ffn_up.bias'),
    };
  },
  rename: (tensor) => (tensor === ROPE_FREQUENCIES ? 'settings' : rename(tensor)),
};

const LLAMA = { architectures: ['LlamaForCausalLM'], model_type: 'llama' };
