import { GptEdgeError } from '../../../core/errors.ts';
import { MAX_CONTEXT_WINDOW, MAX_DIMENSION } from '../../../core/limits.ts';
import { type GgufArchitecture, renameWith } from './gguf-architecture.ts';
import type { GgufMetadata } from './gguf-metadata.ts';
import type { GgufFile } from './open-gguf-file.ts';

/** Llama and models like it. GGUF keeps query and key rows in RoPE's interleaved order. */
export const ggufLlama: GgufArchitecture = {
  name: 'llama',
  config: (gguf) => {
    checkImplemented(gguf);
    return { architectures: ['LlamaForCausalLM'], model_type: 'llama', hidden_act: 'silu', ...sizes(gguf), ...extras(gguf) };
  },
  rename: renameWith(
    {
      'token_embd.weight': 'model.embed_tokens.weight',
      'output_norm.weight': 'model.norm.weight',
      'output.weight': 'lm_head.weight',
    },
    {
      'attn_norm.weight': 'input_layernorm.weight',
      'attn_q.weight': ['self_attn.q_proj.weight', 'query-rows'],
      'attn_q.bias': ['self_attn.q_proj.bias', 'query-rows'],
      'attn_k.weight': ['self_attn.k_proj.weight', 'key-rows'],
      'attn_k.bias': ['self_attn.k_proj.bias', 'key-rows'],
      'attn_v.weight': 'self_attn.v_proj.weight',
      'attn_v.bias': 'self_attn.v_proj.bias',
      'attn_output.weight': 'self_attn.o_proj.weight',
      'attn_output.bias': 'self_attn.o_proj.bias',
      'ffn_norm.weight': 'post_attention_layernorm.weight',
      'ffn_gate.weight': 'mlp.gate_proj.weight',
      'ffn_gate.bias': 'mlp.gate_proj.bias',
      'ffn_up.weight': 'mlp.up_proj.weight',
      'ffn_up.bias': 'mlp.up_proj.bias',
      'ffn_down.weight': 'mlp.down_proj.weight',
      'ffn_down.bias': 'mlp.down_proj.bias',
    },
    (layer) => `model.layers.${layer}.`,
  ),
};

function sizes({ metadata, tensors }: GgufFile): Record<string, unknown> {
  const heads = metadata.count('llama.attention.head_count', MAX_DIMENSION);
  return {
    hidden_size: metadata.count('llama.embedding_length', MAX_DIMENSION),
    intermediate_size: metadata.count('llama.feed_forward_length', MAX_DIMENSION),
    // Each layer has tensors of its own.
    num_hidden_layers: metadata.count('llama.block_count', tensors.size),
    num_attention_heads: heads,
    num_key_value_heads: metadata.optionalCount('llama.attention.head_count_kv', MAX_DIMENSION) ?? heads,
    head_dim: headSize(metadata),
    max_position_embeddings: metadata.count('llama.context_length', MAX_CONTEXT_WINDOW),
    rms_norm_eps: metadata.number('llama.attention.layer_norm_rms_epsilon'),
    rope_theta: metadata.optionalNumber('llama.rope.freq_base') ?? 10_000,
    rope_scaling: ropeScaling(metadata),
  };
}

/**
 * Returns the number of values of one head. It must be even, since the two halves of a head are rotated against each
 * other.
 */
function headSize(metadata: GgufMetadata): number {
  const heads = metadata.count('llama.attention.head_count', MAX_DIMENSION);
  const width = metadata.count('llama.embedding_length', MAX_DIMENSION);
  const size = metadata.optionalCount('llama.attention.key_length', MAX_DIMENSION) ?? width / heads;
  if (!Number.isInteger(size) || size < 2 || size % 2 !== 0)
    throw metadata.invalid('llama.attention.head_count', `${heads} heads of ${size} values each, an even number is expected`);
  return size;
}

function ropeScaling(metadata: GgufMetadata): Record<string, unknown> | null {
  const type = metadata.optionalText('llama.rope.scaling.type') ?? 'none';
  const factor = metadata.optionalNumber('llama.rope.scaling.factor') ?? metadata.optionalNumber('llama.rope.scale_linear') ?? 1;
  if (type === 'none') return null;
  // The architecture refuses types that it does not implement, by name.
  const original = metadata.optionalCount('llama.rope.scaling.original_context_length', MAX_CONTEXT_WINDOW);
  return { rope_type: type, factor, ...(original === undefined ? {} : { original_max_position_embeddings: original }) };
}

function extras({ tensors }: GgufFile): Record<string, unknown> {
  return {
    tie_word_embeddings: !tensors.has('output.weight'),
    attention_bias: tensors.has('blk.0.attn_q.bias'),
    mlp_bias: tensors.has('blk.0.ffn_up.bias'),
  };
}

/** Checks fields that change the computation. Only one value of each is implemented. */
function checkImplemented({ file, metadata, tensors }: GgufFile): void {
  const size = headSize(metadata);
  const expected: Readonly<Record<string, number>> = {
    'llama.rope.dimension_count': size,
    'llama.attention.value_length': size,
    'llama.expert_count': 0,
  };
  const refuse = (problem: string) => new GptEdgeError('unsupported_model', `${file}: ${problem}`, { param: file });
  for (const [key, only] of Object.entries(expected)) {
    const value = metadata.optionalCount(key, MAX_DIMENSION) ?? only;
    if (value !== only) throw refuse(`${key} ${value} is not supported for llama; supported: ${only}`);
  }
  if (tensors.has('rope_freqs.weight'))
    throw refuse('tensor rope_freqs.weight: frequencies scaled by a tensor are not supported; convert the Hugging Face folder instead');
}
