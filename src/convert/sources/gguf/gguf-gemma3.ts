import { MAX_CONTEXT_WINDOW, MAX_LAYERS } from '../../../core/limits.ts';
import { type GgufArchitecture, renameWith } from './gguf-architecture.ts';
import { ropeScaling } from './gguf-rope-scaling.ts';
import { checkOnlyValues, ggufHeadSize, rotaryModelSizes } from './gguf-sizes.ts';
import { LLAMA_LAYER_NAMES, LLAMA_NAMES, llamaLayerPrefix } from './llama-names.ts';
import type { GgufFile } from './open-gguf-file.ts';

const PATTERN = 'gemma3.attention.sliding_window_pattern';

/** Gemma 3. In GGUF, the weights of its norms lie around 1; in Hugging Face's layout, 1 is added to them. */
export const ggufGemma3: GgufArchitecture = {
  name: 'gemma3',
  config: async (gguf) => {
    const { metadata } = gguf;
    const headSize = ggufHeadSize(gguf, 'gemma3');
    checkOnlyValues(gguf, 'gemma3', { 'rope.dimension_count': headSize, 'attention.value_length': headSize });
    const scale = metadata.optionalNumber('gemma3.attention.scale');
    return {
      architectures: ['Gemma3ForCausalLM'],
      model_type: 'gemma3_text',
      hidden_activation: 'gelu_pytorch_tanh',
      ...rotaryModelSizes(gguf, 'gemma3'),
      head_dim: headSize,
      query_pre_attn_scalar: scale === undefined ? headSize : 1 / scale ** 2,
      rms_norm_eps: metadata.number('gemma3.attention.layer_norm_rms_epsilon'),
      rope_scaling: await ropeScaling(gguf, 'gemma3'),
      rope_local_base_freq: metadata.optionalNumber('gemma3.rope.freq_base_swa') ?? 10_000,
      sliding_window: metadata.optionalCount('gemma3.attention.sliding_window', MAX_CONTEXT_WINDOW) || null,
      ...layerPattern(gguf),
      final_logit_softcapping: metadata.optionalNumber('gemma3.final_logit_softcapping') ?? null,
      attn_logit_softcapping: metadata.optionalNumber('gemma3.attn_logit_softcapping') ?? null,
    };
  },
  rename: renameWith(
    { ...LLAMA_NAMES, 'output_norm.weight': ['model.norm.weight', 'minus-one'] },
    {
      ...LLAMA_LAYER_NAMES,
      'attn_norm.weight': ['input_layernorm.weight', 'minus-one'],
      'attn_q_norm.weight': ['self_attn.q_norm.weight', 'minus-one'],
      'attn_k_norm.weight': ['self_attn.k_norm.weight', 'minus-one'],
      'post_attention_norm.weight': ['post_attention_layernorm.weight', 'minus-one'],
      'ffn_norm.weight': ['pre_feedforward_layernorm.weight', 'minus-one'],
      'post_ffw_norm.weight': ['post_feedforward_layernorm.weight', 'minus-one'],
    },
    llamaLayerPrefix,
  ),
};

/** Which layers are local: all but every n-th one, or as a list says. */
function layerPattern({ metadata, tensors }: GgufFile): Record<string, unknown> {
  if (!metadata.isArray(PATTERN)) return { sliding_window_pattern: metadata.optionalCount(PATTERN, MAX_LAYERS) ?? 6 };
  const isLocal = metadata.numbers(PATTERN, metadata.count('gemma3.block_count', tensors.size));
  return { layer_types: Array.from(isLocal, (local) => (local ? 'sliding_attention' : 'full_attention')) };
}
