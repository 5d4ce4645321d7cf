import { type GgufArchitecture, renameWith } from './gguf-architecture.ts';
import { ropeScaling } from './gguf-rope-scaling.ts';
import { checkOnlyValues, ggufHeadSize, rotaryModelSizes } from './gguf-sizes.ts';
import { LLAMA_LAYER_NAMES, LLAMA_NAMES, llamaLayerPrefix } from './llama-names.ts';

/** Qwen 2 and 3 have Hugging Face's order of rows. llama.cpp knows no windows in them. */
function ggufQwen(name: 'qwen2' | 'qwen3', architecture: string): GgufArchitecture {
  return {
    name,
    config: async (gguf) => {
      const headSize = ggufHeadSize(gguf, name);
      checkOnlyValues(gguf, name, { 'rope.dimension_count': headSize, 'attention.value_length': headSize });
      return {
        architectures: [architecture],
        model_type: name,
        hidden_act: 'silu',
        ...rotaryModelSizes(gguf, name),
        head_dim: headSize,
        rms_norm_eps: gguf.metadata.number(`${name}.attention.layer_norm_rms_epsilon`),
        rope_scaling: await ropeScaling(gguf, name),
        attention_bias: gguf.tensors.has('blk.0.attn_q.bias'),
        use_sliding_window: false,
      };
    },
    rename: renameWith(
      LLAMA_NAMES,
      { ...LLAMA_LAYER_NAMES, 'attn_q_norm.weight': 'self_attn.q_norm.weight', 'attn_k_norm.weight': 'self_attn.k_norm.weight' },
      llamaLayerPrefix,
    ),
  };
}

export const ggufQwen2 = ggufQwen('qwen2', 'Qwen2ForCausalLM');
export const ggufQwen3 = ggufQwen('qwen3', 'Qwen3ForCausalLM');
