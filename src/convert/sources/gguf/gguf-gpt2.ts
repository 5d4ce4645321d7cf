import { MAX_CONTEXT_WINDOW, MAX_DIMENSION } from '../../../core/limits.ts';
import { type GgufArchitecture, renameWith } from './gguf-architecture.ts';

/** GPT-2. Its matrices are [outputs, inputs] in GGUF and [inputs, outputs] in Hugging Face's layout. */
export const ggufGpt2: GgufArchitecture = {
  name: 'gpt2',
  config: ({ metadata, tensors }) => ({
    architectures: ['GPT2LMHeadModel'],
    model_type: 'gpt2',
    activation_function: 'gelu_new',
    n_embd: metadata.count('gpt2.embedding_length', MAX_DIMENSION),
    n_inner: metadata.count('gpt2.feed_forward_length', MAX_DIMENSION),
    // Each layer has tensors of its own.
    n_layer: metadata.count('gpt2.block_count', tensors.size),
    n_head: metadata.count('gpt2.attention.head_count', MAX_DIMENSION),
    n_positions: metadata.count('gpt2.context_length', MAX_CONTEXT_WINDOW),
    layer_norm_epsilon: metadata.number('gpt2.attention.layer_norm_epsilon'),
    tie_word_embeddings: !tensors.has('output.weight'),
  }),
  rename: renameWith(
    {
      'token_embd.weight': 'transformer.wte.weight',
      'position_embd.weight': 'transformer.wpe.weight',
      'output_norm.weight': 'transformer.ln_f.weight',
      'output_norm.bias': 'transformer.ln_f.bias',
      'output.weight': 'lm_head.weight',
    },
    {
      'attn_norm.weight': 'ln_1.weight',
      'attn_norm.bias': 'ln_1.bias',
      'attn_qkv.weight': ['attn.c_attn.weight', 'transposed'],
      'attn_qkv.bias': 'attn.c_attn.bias',
      'attn_output.weight': ['attn.c_proj.weight', 'transposed'],
      'attn_output.bias': 'attn.c_proj.bias',
      'ffn_norm.weight': 'ln_2.weight',
      'ffn_norm.bias': 'ln_2.bias',
      'ffn_up.weight': ['mlp.c_fc.weight', 'transposed'],
      'ffn_up.bias': 'mlp.c_fc.bias',
      'ffn_down.weight': ['mlp.c_proj.weight', 'transposed'],
      'ffn_down.bias': 'mlp.c_proj.bias',
    },
    (layer) => `transformer.h.${layer}.`,
  ),
};
