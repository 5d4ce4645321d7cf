import type { Matrix } from '../dtypes/dtype.ts';
import type { DecoderShape } from './architecture.ts';

/** The names of a family's tensors, without the prefix. Those of matrices and norms lack `.weight` and `.bias`. */
export interface GptNames {
  readonly prefix: string;
  readonly table: string;
  /** The learned positions. Absent: the model has none. */
  readonly positions?: string;
  readonly finalNorm: string;
  readonly head: string;
  /** What the names of layer 0 begin with; the number stands at its end. */
  readonly layers: string;
  readonly attention: string;
  readonly attentionNorm: string;
  readonly feedForwardNorm: string;
  readonly up: string;
  readonly down: string;
}

/** The names in GPT-2 and GPT-Neo. */
export const GPT2_NAMES: GptNames = {
  prefix: 'transformer.',
  table: 'wte',
  positions: 'wpe',
  finalNorm: 'ln_f',
  head: 'lm_head',
  layers: 'h',
  attention: 'attn',
  attentionNorm: 'ln_1',
  feedForwardNorm: 'ln_2',
  up: 'mlp.c_fc',
  down: 'mlp.c_proj',
};

/** What determines the tensors of a checkpoint built like GPT-2's. */
export interface GptLayout {
  readonly names: GptNames;
  readonly shape: Pick<DecoderShape, 'vocabularySize' | 'hiddenSize' | 'layers'>;
  /** Positions that the checkpoint has: at least as many as are kept. */
  readonly positions: number;
  /** Rows of the table of positions that come before position 0, and are not used. Default: 0 */
  readonly firstPosition?: number;
  /** Width of the feed-forward half. */
  readonly inner: number;
  /** Whether the matrices of the feed-forward half have biases. Default: true */
  readonly feedForwardBias?: boolean;
  /** Whether there is a norm after the last layer. Default: true */
  readonly hasFinalNorm?: boolean;
  /** Width of the token embedding and of the head. If it is not hiddenSize, matrices lie between. Default: hiddenSize */
  readonly embeddingWidth?: number;
  /** Whether the head is the token embedding. */
  readonly tied: boolean;
  /** Order of the axes of its matrices. */
  readonly order: Matrix['order'];
  /** Shapes of one layer's attention tensors, by what follows the name of the attention. */
  readonly attentionTensors: Readonly<Record<string, readonly number[]>>;
}

/** The matrices between a token embedding of another width and the layers, [outputs, inputs]. */
export const PROJECTIONS = { in: 'project_in', out: 'project_out' };

/** Returns the shape of every tensor of a checkpoint built like GPT-2's, by name without the prefix. */
export function gptTensorShapes(layout: GptLayout): Map<string, readonly number[]> {
  const { names, shape, positions, firstPosition = 0, inner, order, attentionTensors } = layout;
  const { vocabularySize: vocabulary, hiddenSize: width, layers } = shape;
  const { embeddingWidth = width, feedForwardBias = true, hasFinalNorm = true } = layout;
  const shapes = new Map<string, readonly number[]>([[`${names.table}.weight`, [vocabulary, embeddingWidth]]]);
  const addNorm = (name: string) => shapes.set(`${name}.weight`, [width]).set(`${name}.bias`, [width]);
  const addLinear = (name: string, inputs: number, outputs: number) => {
    shapes.set(`${name}.weight`, order === 'inputs-first' ? [inputs, outputs] : [outputs, inputs]);
    if (feedForwardBias) shapes.set(`${name}.bias`, [outputs]);
  };
  if (names.positions) shapes.set(`${names.positions}.weight`, [firstPosition + positions, width]);
  if (embeddingWidth !== width) {
    shapes.set(`${PROJECTIONS.in}.weight`, [width, embeddingWidth]);
    shapes.set(`${PROJECTIONS.out}.weight`, [embeddingWidth, width]);
  }
  if (hasFinalNorm) addNorm(names.finalNorm);
  if (!layout.tied) shapes.set(`${names.head}.weight`, [vocabulary, embeddingWidth]);
  for (let index = 0; index < layers; index++) {
    const layer = `${names.layers}.${index}`;
    addNorm(`${layer}.${names.attentionNorm}`);
    for (const [name, size] of Object.entries(attentionTensors)) shapes.set(`${layer}.${names.attention}.${name}`, size);
    addNorm(`${layer}.${names.feedForwardNorm}`);
    addLinear(`${layer}.${names.up}`, width, inner);
    addLinear(`${layer}.${names.down}`, inner, width);
  }
  return shapes;
}
