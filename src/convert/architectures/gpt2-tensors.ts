import type { Gpt2Config } from './gpt2-config.ts';

/** Every tensor of a GPT-2 checkpoint and its shape, by name without the prefix; `inner` is the feed-forward layer's width. */
export function gpt2TensorShapes(
  { n_embd: width, n_layer: layers, vocab_size: vocabulary, n_positions, tie_word_embeddings: tied }: Gpt2Config,
  inner: number,
) {
  const shapes = new Map<string, readonly number[]>([
    ['wte.weight', [vocabulary, width]],
    ['wpe.weight', [n_positions, width]],
    ['ln_f.weight', [width]],
    ['ln_f.bias', [width]],
  ]);
  if (!tied) shapes.set('lm_head.weight', [vocabulary, width]);
  // Matrices are [inputs, outputs], the order of GPT-2's own Conv1D.
  const addAffine = (name: string, shape: readonly number[]) => shapes.set(`${name}.weight`, shape).set(`${name}.bias`, shape.slice(-1));
  for (let layer = 0; layer < layers; layer++) {
    addAffine(`h.${layer}.ln_1`, [width]);
    addAffine(`h.${layer}.attn.c_attn`, [width, 3 * width]);
    addAffine(`h.${layer}.attn.c_proj`, [width, width]);
    addAffine(`h.${layer}.ln_2`, [width]);
    addAffine(`h.${layer}.mlp.c_fc`, [width, inner]);
    addAffine(`h.${layer}.mlp.c_proj`, [inner, width]);
  }
  return shapes;
}
