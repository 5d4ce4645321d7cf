import { MAX_DIMENSION } from '../../../core/limits.ts';
import { type GgufArchitecture, renameWith } from './gguf-architecture.ts';
import { ropeScaling } from './gguf-rope-scaling.ts';
import { ggufHeadSize, rotaryModelSizes } from './gguf-sizes.ts';

/** GPT-NeoX. In GGUF, the rows of all queries come first, then those of all keys and values. */
export const ggufGptNeox: GgufArchitecture = {
  name: 'gptneox',
  config: async (gguf) => {
    const { metadata, tensors } = gguf;
    const headSize = ggufHeadSize(gguf, 'gptneox');
    const rotated = metadata.optionalCount('gptneox.rope.dimension_count', MAX_DIMENSION) ?? headSize;
    return {
      architectures: ['GPTNeoXForCausalLM'],
      model_type: 'gpt_neox',
      hidden_act: 'gelu',
      ...rotaryModelSizes(gguf, 'gptneox'),
      layer_norm_eps: metadata.number('gptneox.attention.layer_norm_epsilon'),
      partial_rotary_factor: rotated / headSize,
      rope_scaling: await ropeScaling(gguf, 'gptneox'),
      use_parallel_residual: metadata.flag('gptneox.use_parallel_residual', true),
      attention_bias: tensors.has('blk.0.attn_qkv.bias'),
    };
  },
  rename: renameWith(
    {
      'token_embd.weight': 'gpt_neox.embed_in.weight',
      'output_norm.weight': 'gpt_neox.final_layer_norm.weight',
      'output_norm.bias': 'gpt_neox.final_layer_norm.bias',
      'output.weight': 'embed_out.weight',
    },
    {
      'attn_norm.weight': 'input_layernorm.weight',
      'attn_norm.bias': 'input_layernorm.bias',
      'attn_qkv.weight': ['attention.query_key_value.weight', 'packed-rows'],
      'attn_qkv.bias': ['attention.query_key_value.bias', 'packed-rows'],
      'attn_output.weight': 'attention.dense.weight',
      'attn_output.bias': 'attention.dense.bias',
      'ffn_norm.weight': 'post_attention_layernorm.weight',
      'ffn_norm.bias': 'post_attention_layernorm.bias',
      'ffn_up.weight': 'mlp.dense_h_to_4h.weight',
      'ffn_up.bias': 'mlp.dense_h_to_4h.bias',
      'ffn_down.weight': 'mlp.dense_4h_to_h.weight',
      'ffn_down.bias': 'mlp.dense_4h_to_h.bias',
    },
    (layer) => `gpt_neox.layers.${layer}.`,
  ),
};
