import { type DecoderInputs, declareDecoder, keepLastPositions } from '../graph/decoder-inputs.ts';
import type { DecoderPlan, DecoderShape, GraphContext } from './architecture.ts';
import { type GptLayout, gptTensorShapes } from './gpt-tensors.ts';
import { writeAffine, writeLayerNorm } from './modules.ts';

/**
 * The value of Gelu's attribute `approximate` for each activation, by the names of transformers. gelu_new and
 * gelu_pytorch_tanh are the same function.
 */
export const GPT_ACTIVATIONS: Readonly<Record<string, 'tanh' | 'none'>> = { gelu_new: 'tanh', gelu_pytorch_tanh: 'tanh', gelu: 'none' };

/** A model built like GPT-2: learned positions, a norm before each half of a layer, and GPT-2's names of tensors. */
export interface GptDecoder extends GptLayout {
  readonly shape: DecoderShape;
  /** A key of GPT_ACTIVATIONS. */
  readonly activation: string;
  readonly epsilon: number;
  /** Writes attention over `x` [batch, positions, width], which is already normalized: [batch, positions, width]. */
  writeAttention(context: GraphContext, inputs: DecoderInputs, layer: number, x: string): Promise<string>;
}

/** Plans a model that is built like GPT-2. */
export function planGptDecoder(decoder: GptDecoder): DecoderPlan {
  const { shape, inner, tied } = decoder;
  const { layers, heads, hiddenSize: width, headDimension, vocabularySize } = shape;
  return {
    shape,
    tensors: gptTensorShapes(decoder),
    prefix: 'transformer.',
    tied: tied ? { table: 'wte.weight', head: 'lm_head.weight' } : undefined,
    // Old checkpoints carry causal masks along.
    isIgnored: (name) => /^h\.\d+\.attn\.(attention\.)?(bias|masked_bias)$/.test(name),
    multiplyAddsPerToken: layers * (4 * width * heads * headDimension + 2 * width * inner) + width * vocabularySize,
    writeGraph: (context) => writeGraph(context, decoder),
  };
}

async function writeGraph(context: GraphContext, decoder: GptDecoder): Promise<void> {
  const { graph, dtype } = context;
  const { shape, epsilon, tied } = decoder;
  const inputs = declareDecoder(graph, shape, { vocabularySize: shape.vocabularySize, positionIds: true });
  const tokens = await dtype.table(context, 'token_embedding.weight', context.table('wte.weight'));
  let hidden = graph.node('Add', 'embedding', [
    tokens.lookUp('token_embedding', inputs.inputIds),
    await writePositions(context, shape, inputs.positionIds),
  ]);
  for (let layer = 0; layer < shape.layers; layer++) {
    hidden = await writeAttention(context, decoder, inputs, layer, hidden);
    hidden = await writeFeedForward(context, decoder, layer, hidden);
  }
  const last = keepLastPositions(graph, hidden, inputs);
  const normed = await writeLayerNorm(context, { name: 'final_norm', source: 'ln_f', epsilon }, last);
  const head = tied ? tokens : await dtype.table(context, 'head.weight', context.table('lm_head.weight'));
  head.project('logits', normed);
}

async function writePositions(context: GraphContext, { contextWindow, hiddenSize }: DecoderShape, ids: string): Promise<string> {
  const { values } = await context.read('wpe.weight');
  const kept = { shape: [contextWindow, hiddenSize], values: values.subarray(0, contextWindow * hiddenSize) };
  return (await context.dtype.table(context, 'position_embedding.weight', kept)).lookUp('position_embedding', ids);
}

/** Adds a layer's attention to `hidden` [batch, positions, width]. */
async function writeAttention(context: GraphContext, decoder: GptDecoder, inputs: DecoderInputs, layer: number, hidden: string) {
  const name = `layers.${layer}.attention`;
  const norm = { name: `${name}.norm`, source: `h.${layer}.ln_1`, epsilon: decoder.epsilon };
  const attended = await decoder.writeAttention(context, inputs, layer, await writeLayerNorm(context, norm, hidden));
  return context.graph.node('Add', `${name}.residual`, [hidden, attended]);
}

/** Adds a layer's feed-forward half to `hidden` [batch, positions, width]. */
async function writeFeedForward(context: GraphContext, decoder: GptDecoder, layer: number, hidden: string): Promise<string> {
  const { graph, read } = context;
  const name = `layers.${layer}.feed_forward`;
  const affine = async (part: string, source: string, x: string) => {
    const matrix = { ...(await read(`h.${layer}.mlp.${source}.weight`)), order: decoder.order };
    return writeAffine(context, `${name}.${part}`, x, matrix, await read(`h.${layer}.mlp.${source}.bias`));
  };
  const norm = { name: `${name}.norm`, source: `h.${layer}.ln_2`, epsilon: decoder.epsilon };
  const up = await affine('up', 'c_fc', await writeLayerNorm(context, norm, hidden));
  const active = graph.node('Gelu', `${name}.activation`, [up], { attributes: { approximate: GPT_ACTIVATIONS[decoder.activation] } });
  return graph.node('Add', `${name}.residual`, [hidden, await affine('down', 'c_proj', active)]);
}
