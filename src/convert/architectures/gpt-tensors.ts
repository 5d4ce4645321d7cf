import type { Matrix } from '../dtypes/dtype.ts';
import type { DecoderShape } from './architecture.ts';

/** What the shapes of a checkpoint after GPT-2's pattern follow from. */
export interface GptLayout {
  readonly shape: Pick<DecoderShape, 'vocabularySize' | 'hiddenSize' | 'layers'>;
  /** Positions that the checkpoint has, at least the shape's. */
  readonly positions: number;
  /** Width of the feed-forward half. */
  readonly inner: number;
  /** Whether the head is the token embedding. */
  readonly tied: boolean;
  /** How its matrices lie. */
  readonly order: Matrix['order'];
  /** Shapes of one layer's attention, by name behind `h.<layer>.attn.`. */
  readonly attentionTensors: Readonly<Record<string, readonly number[]>>;
}

/** Every tensor of a checkpoint after GPT-2's pattern and its shape, by name without the prefix. */
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
