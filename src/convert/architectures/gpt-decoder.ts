import type { Table } from '../dtypes/dtype.ts';
import { type DecoderInputs, declareDecoder, keepLastPositions } from '../graph/decoder-inputs.ts';
import { writeActivation } from './activations.ts';
import type { DecoderPlan, DecoderShape, GraphContext } from './architecture.ts';
import { type GptLayout, gptTensorShapes, PROJECTIONS } from './gpt-tensors.ts';
import { type Norm, writeLayerNorm, writeLinear } from './modules.ts';
import { paddedHeadSize } from './pad-heads.ts';

/** Writes attention over `x` [batch, positions, width]: [batch, positions, width]. */
export type WriteAttention = (layer: number, x: string) => Promise<string>;

/** A model built like GPT-2: layer norms, and two matrices with an activation between them in the second half of a layer. */
export interface GptDecoder extends GptLayout {
  readonly shape: DecoderShape;
  /** Its name in transformers. */
  readonly activation: string;
  readonly epsilon: number;
  /**
   * Where a layer has its norms: before each half or after it. In parallel, both halves are computed from the same
   * values, with a norm before each. Default: before
   */
  readonly norms?: 'before' | 'after' | 'parallel';
  /** The names above by other names that some checkpoints have for the same tensors. */
  readonly otherNames?: Readonly<Record<string, string>>;
  /** Tensors that a checkpoint may have although they are no weights, by name without the prefix. */
  readonly ignored?: RegExp;
  /** Writes what all layers share, and returns what writes the attention of each. */
  startAttention(context: GraphContext, inputs: DecoderInputs): Promise<WriteAttention>;
}

/** The shape of a model whose heads all have keys and values of their own. */
export const gptShape = (known: Omit<DecoderShape, 'keyValueHeads' | 'headDimension'>): DecoderShape => ({
  ...known,
  keyValueHeads: known.heads,
  headDimension: paddedHeadSize(known.hiddenSize / known.heads),
});

/** Plans a model that is built like GPT-2. */
export function planGptDecoder(decoder: GptDecoder): DecoderPlan {
  const { names, shape, inner, tied, firstPosition = 0 } = decoder;
  const { layers, heads, hiddenSize: width, headDimension, vocabularySize } = shape;
  const { embeddingWidth = width } = decoder;
  const projections = embeddingWidth === width ? 0 : 2 * width * embeddingWidth;
  const perLayer = 4 * width * heads * headDimension + 2 * width * inner;
  return {
    shape,
    tensors: gptTensorShapes(decoder),
    prefix: names.prefix,
    otherNames: decoder.otherNames,
    tied: tied ? { table: `${names.table}.weight`, head: `${names.head}.weight` } : undefined,
    unusedParameters: firstPosition * width,
    isIgnored: (name) => decoder.ignored?.test(name) ?? false,
    multiplyAddsPerToken: layers * perLayer + projections + embeddingWidth * vocabularySize,
    writeGraph: (context) => writeGraph(context, decoder),
  };
}

async function writeGraph(context: GraphContext, decoder: GptDecoder): Promise<void> {
  const { graph, dtype } = context;
  const { names, shape, tied } = decoder;
  const positionIds = names.positions !== undefined;
  const inputs = declareDecoder(graph, shape, { vocabularySize: shape.vocabularySize, positionIds });
  const tokens = await dtype.table(context, 'token_embedding.weight', context.table(`${names.table}.weight`));
  let hidden = await writeEmbedding(context, decoder, inputs, tokens);
  const attend = await decoder.startAttention(context, inputs);
  for (let layer = 0; layer < shape.layers; layer++) hidden = await writeLayer(context, decoder, attend, layer, hidden);
  const last = await writeEnd(context, decoder, keepLastPositions(graph, hidden, inputs));
  const head = tied ? tokens : await dtype.table(context, 'head.weight', context.table(`${names.head}.weight`));
  head.project('logits', last);
}

/** Looks up tokens and learned positions: [batch, positions, width]. */
async function writeEmbedding(context: GraphContext, decoder: GptDecoder, inputs: DecoderInputs, tokens: Table): Promise<string> {
  const { names, shape, firstPosition = 0 } = decoder;
  const embedded = await writeProjection(context, decoder, 'in', tokens.lookUp('token_embedding', inputs.inputIds));
  if (names.positions === undefined) return embedded;
  const { contextWindow, hiddenSize: width } = shape;
  const { values } = await context.read(`${names.positions}.weight`);
  const start = firstPosition * width;
  const kept = { shape: [contextWindow, width], values: values.subarray(start, start + contextWindow * width) };
  const positions = await context.dtype.table(context, 'position_embedding.weight', kept);
  return context.graph.node('Add', 'embedding', [embedded, positions.lookUp('position_embedding', inputs.positionIds)]);
}

/** Computes what the head multiplies by. */
async function writeEnd(context: GraphContext, decoder: GptDecoder, last: string): Promise<string> {
  const { names, hasFinalNorm = true } = decoder;
  const norm = { name: 'final_norm', source: names.finalNorm, epsilon: decoder.epsilon };
  return writeProjection(context, decoder, 'out', hasFinalNorm ? await writeLayerNorm(context, norm, last) : last);
}

/** Multiplies by a matrix between embeddings and layers, if these have other widths. */
async function writeProjection(context: GraphContext, { shape, embeddingWidth }: GptDecoder, part: 'in' | 'out', x: string) {
  if (embeddingWidth === undefined || embeddingWidth === shape.hiddenSize) return x;
  const matrix = { ...(await context.read(`${PROJECTIONS[part]}.weight`)), order: 'outputs-first' } as const;
  return context.dtype.multiply(context, `projection.${part}`, x, matrix);
}

/** Adds both halves of a layer to `hidden` [batch, positions, width]. */
async function writeLayer(context: GraphContext, decoder: GptDecoder, attend: WriteAttention, layer: number, hidden: string) {
  const { names, epsilon, norms = 'before' } = decoder;
  const half = (part: 'attention' | 'feed_forward', norm: string) => {
    const name = `layers.${layer}.${part}`;
    return { name, norm: { name: `${name}.norm`, source: `${names.layers}.${layer}.${norm}`, epsilon } };
  };
  const attention = { ...half('attention', names.attentionNorm), write: (x: string) => attend(layer, x) };
  const feedForward = {
    ...half('feed_forward', names.feedForwardNorm),
    write: (x: string) => writeFeedForward(context, decoder, layer, x),
  };
  if (norms !== 'parallel') return writeHalf(context, norms, feedForward, await writeHalf(context, norms, attention, hidden));
  const attended = await attention.write(await writeLayerNorm(context, attention.norm, hidden));
  const fed = await feedForward.write(await writeLayerNorm(context, feedForward.norm, hidden));
  const halves = context.graph.node('Add', `layers.${layer}.halves`, [fed, attended]);
  return context.graph.node('Add', `layers.${layer}.residual`, [halves, hidden]);
}

/** One half of a layer: its name, its norm, and what computes it. */
interface Half {
  readonly name: string;
  readonly norm: Norm;
  write(x: string): Promise<string>;
}

/** Adds one half of a layer to `hidden` [batch, positions, width]. */
async function writeHalf(context: GraphContext, norms: 'before' | 'after', { name, norm, write }: Half, hidden: string) {
  const x = norms === 'before' ? await writeLayerNorm(context, norm, hidden) : hidden;
  const sum = context.graph.node('Add', `${name}.residual`, [hidden, await write(x)]);
  return norms === 'after' ? writeLayerNorm(context, norm, sum) : sum;
}

/** Writes the feed-forward half of a layer over `x` [batch, positions, width]. */
async function writeFeedForward(context: GraphContext, decoder: GptDecoder, layer: number, x: string): Promise<string> {
  const { graph, read } = context;
  const { names, activation, order, feedForwardBias = true } = decoder;
  const name = `layers.${layer}.feed_forward`;
  const linear = async (part: 'up' | 'down', input: string) => {
    const source = `${names.layers}.${layer}.${names[part]}`;
    const matrix = { ...(await read(`${source}.weight`)), order };
    return writeLinear(context, `${name}.${part}`, input, matrix, feedForwardBias ? await read(`${source}.bias`) : undefined);
  };
  return linear('down', writeActivation(graph, activation, name, await linear('up', x)));
}
