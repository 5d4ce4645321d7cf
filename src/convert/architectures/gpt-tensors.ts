import type { Matrix } from '../dtypes/dtype.ts';
import type { DecoderShape } from './architecture.ts';

/** The sizes that determine the tensors of a checkpoint built like GPT-2's. */
export interface GptLayout {
  readonly shape: Pick<DecoderShape, 'vocabularySize' | 'hiddenSize' | 'layers'>;
  /** Positions that the checkpoint has: at least as many as are kept. */
  readonly positions: number;
  /** Width of the feed-forward half. */
  readonly inner: number;
  /** Whether the head is the token embedding. */
  readonly tied: boolean;
  /** Order of the axes of its matrices. */
  readonly order: Matrix['order'];
  /** Shapes of one layer's attention tensors, by what follows `h.<layer>.attn.` in their names. */
  readonly attentionTensors: Readonly<Record<string, readonly number[]>>;
}

/** Returns the shape of every tensor of a checkpoint built like GPT-2's, by name without the prefix. */
export function gptTensorShapes({ shape, positions, inner, tied, order, attentionTensors }: GptLayout) {
  const { vocabularySize: vocabulary, hiddenSize: width, layers } = shape;
  const shapes = new Map<string, readonly number[]>([
    ['wte.weight', [vocabulary, width]],
    ['wpe.weight', [positions, width]],
  ]);
  const addNorm = (name: string) => shapes.set(`${name}.weight`, [width]).set(`${name}.bias`, [width]);
  const addAffine = (name: string, inputs: number, outputs: number) =>
    shapes.set(`${name}.weight`, order === 'inputs-first' ? [inputs, outputs] : [outputs, inputs]).set(`${name}.bias`, [outputs]);
  addNorm('ln_f');
  if (!tied) shapes.set('lm_head.weight', [vocabulary, width]);
  for (let layer = 0; layer < layers; layer++) {
    addNorm(`h.${layer}.ln_1`);
    for (const [name, size] of Object.entries(attentionTensors)) shapes.set(`h.${layer}.attn.${name}`, size);
    addNorm(`h.${layer}.ln_2`);
    addAffine(`h.${layer}.mlp.c_fc`, width, inner);
    addAffine(`h.${layer}.mlp.c_proj`, inner, width);
  }
  return shapes;
}
