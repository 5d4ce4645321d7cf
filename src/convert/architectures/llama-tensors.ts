import type { LlamaConfig } from './llama-config.ts';

/**
 * Returns the shape of every tensor of a LLaMA checkpoint, by name without the prefix. Matrices are [outputs, inputs].
 */
export function llamaTensorShapes(config: LlamaConfig): Map<string, readonly number[]> {
  const { vocab_size: vocabulary, hidden_size: width, intermediate_size: inner, headSize } = config;
  const queries = config.num_attention_heads * headSize;
  const keys = config.keyValueHeads * headSize;
  const shapes = new Map<string, readonly number[]>([
    ['embed_tokens.weight', [vocabulary, width]],
    ['norm.weight', [width]],
  ]);
  if (!config.tie_word_embeddings) shapes.set('lm_head.weight', [vocabulary, width]);
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const add = (name: string, shape: readonly number[]) => shapes.set(`layers.${layer}.${name}.weight`, shape);
    add('input_layernorm', [width]);
    add('self_attn.q_proj', [queries, width]);
    add('self_attn.k_proj', [keys, width]);
    add('self_attn.v_proj', [keys, width]);
    add('self_attn.o_proj', [width, queries]);
    add('post_attention_layernorm', [width]);
    add('mlp.gate_proj', [inner, width]);
    add('mlp.up_proj', [inner, width]);
    add('mlp.down_proj', [width, inner]);
  }
  return shapes;
}
