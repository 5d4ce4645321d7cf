import type { DecoderShape } from './architecture.ts';

/** What determines the tensors of a checkpoint built like LLaMA's. */
export interface LlamaLayout {
  readonly shape: Pick<DecoderShape, 'vocabularySize' | 'hiddenSize' | 'layers' | 'heads' | 'keyValueHeads'>;
  /** Values of one head in the checkpoint, an even number. */
  readonly headSize: number;
  /** Width of the feed-forward half. */
  readonly inner: number;
  /** Whether the head is the token embedding. */
  readonly tied: boolean;
  /** Whether the projections to queries, keys and values have biases. Default: false */
  readonly projectionBias?: boolean;
  /** Whether attention's output projection has a bias. Default: false */
  readonly outputBias?: boolean;
  /** Whether the matrices of the feed-forward half have biases. Default: false */
  readonly feedForwardBias?: boolean;
  /** Whether each head of queries and keys is normalized. Default: false */
  readonly headNorms?: boolean;
  /** Whether each half of a layer has a norm after it, besides the one before it. Default: false */
  readonly aroundNorms?: boolean;
}

/**
 * Returns the shape of every tensor of a checkpoint built like LLaMA's, by name without the prefix. Matrices are
 * [outputs, inputs].
 */
export function llamaTensorShapes(layout: LlamaLayout): Map<string, readonly number[]> {
  const { vocabularySize: vocabulary, hiddenSize: width, layers } = layout.shape;
  const shapes = new Map<string, readonly number[]>([
    ['embed_tokens.weight', [vocabulary, width]],
    ['norm.weight', [width]],
  ]);
  if (!layout.tied) shapes.set('lm_head.weight', [vocabulary, width]);
  for (let layer = 0; layer < layers; layer++)
    for (const [name, shape] of layerShapes(layout)) shapes.set(`layers.${layer}.${name}`, shape);
  return shapes;
}

function layerShapes(layout: LlamaLayout): [string, readonly number[]][] {
  const { shape, headSize, inner, projectionBias = false, outputBias = false, feedForwardBias = false } = layout;
  const { hiddenSize: width } = shape;
  const queries = shape.heads * headSize;
  const keys = shape.keyValueHeads * headSize;
  const norms = ['input_layernorm', 'post_attention_layernorm'];
  if (layout.aroundNorms) norms.push('pre_feedforward_layernorm', 'post_feedforward_layernorm');
  const linear = (name: string, outputs: number, inputs: number, biased: boolean): [string, readonly number[]][] => [
    [`${name}.weight`, [outputs, inputs]],
    ...(biased ? [[`${name}.bias`, [outputs]] as [string, number[]]] : []),
  ];
  return [
    ...norms.map((name): [string, number[]] => [`${name}.weight`, [width]]),
    ...(layout.headNorms ? ['q', 'k'] : []).map((part): [string, number[]] => [`self_attn.${part}_norm.weight`, [headSize]]),
    ...linear('self_attn.q_proj', queries, width, projectionBias),
    ...linear('self_attn.k_proj', keys, width, projectionBias),
    ...linear('self_attn.v_proj', keys, width, projectionBias),
    ...linear('self_attn.o_proj', width, queries, outputBias),
    ...linear('mlp.gate_proj', inner, width, feedForwardBias),
    ...linear('mlp.up_proj', inner, width, feedForwardBias),
    ...linear('mlp.down_proj', width, inner, feedForwardBias),
  ];
}
