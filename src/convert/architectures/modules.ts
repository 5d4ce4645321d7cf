import type { Matrix, Weight } from '../dtypes/dtype.ts';
import type { GraphContext } from './architecture.ts';
import { type HeadPadding, padHeadColumns, padHeadRows } from './pad-heads.ts';

/**
 * Computes `x` [..., inputs] times a matrix, plus a bias [outputs] if there is one: [..., outputs]. Stored as
 * `<name>.weight` and `<name>.bias`.
 */
export async function writeLinear(context: GraphContext, name: string, x: string, matrix: Matrix, bias?: Weight): Promise<string> {
  const product = await context.dtype.multiply(context, name, x, matrix);
  if (bias === undefined) return product;
  return context.graph.node('Add', `${name}.biased`, [product, await context.dtype.vector(context, `${name}.bias`, bias)]);
}

/** A norm's name in the graph (`name`) and in the checkpoint (`source`, without `.weight` and `.bias`). */
export interface Norm {
  readonly name: string;
  readonly source: string;
  readonly epsilon: number;
}

/** Shifts and scales `x` [..., width] to mean 0 and variance 1, then by the norm's own weight and bias. */
export async function writeLayerNorm({ graph, data, dtype, read }: GraphContext, { name, source, epsilon }: Norm, x: string) {
  const scale = await dtype.vector({ graph, data }, `${name}.weight`, await read(`${source}.weight`));
  const bias = await dtype.vector({ graph, data }, `${name}.bias`, await read(`${source}.bias`));
  return graph.node('LayerNormalization', name, [x, scale, bias], { attributes: { axis: -1n, epsilon } });
}

/** An RMS norm, which has a weight and no bias. */
export interface RmsNorm extends Norm {
  /** What is added to its weight: 1 in models that keep weights around 0. Default: 0 */
  readonly offset?: number;
}

/** Scales `x` [..., width] to a mean square of 1, then by the norm's own weight. */
export async function writeRmsNorm(context: GraphContext, norm: RmsNorm, x: string): Promise<string> {
  return writeSimplifiedNorm(context, norm, await readGain(context, norm), x);
}

/** A norm of each head on its own. */
export interface HeadNorm extends RmsNorm {
  /** How each half of a head is padded. */
  readonly padding: HeadPadding;
}

/**
 * Scales each head of `x` [batch, positions, heads * size] to a mean square of 1, then by the norm's own weight [size].
 * Heads may be padded with zeros, which make the mean of their squares smaller by a known factor. Epsilon and weight
 * are made to fit.
 */
export async function writeHeadNorm(context: GraphContext, norm: HeadNorm, x: string): Promise<string> {
  const { graph } = context;
  const { name, padding, epsilon } = norm;
  const filled = padding.from / padding.to;
  const { values, shape } = padHeadColumns(await readGain(context, norm), padding);
  const gain = { shape, values: values.map((value) => value * Math.sqrt(filled)) };
  const heads = graph.node('Reshape', `${name}.heads`, [x, graph.constant(`${name}.heads.shape`, [0n, 0n, -1n, BigInt(2 * padding.to)])]);
  const normed = await writeSimplifiedNorm(context, { ...norm, name: `${name}.scaled`, epsilon: epsilon * filled }, gain, heads);
  return graph.node('Reshape', name, [normed, graph.constant(`${name}.shape`, [0n, 0n, -1n])]);
}

async function readGain({ read }: GraphContext, { source, offset = 0 }: RmsNorm): Promise<Weight> {
  const { shape, values } = await read(`${source}.weight`);
  return { shape, values: values.map((value) => value + offset) };
}

/**
 * The operator is ONNX Runtime's own, although it lies in the standard domain; ONNX's RMSNormalization came only with
 * opset 23.
 */
async function writeSimplifiedNorm({ graph, data, dtype }: GraphContext, { name, epsilon }: Norm, gain: Weight, x: string) {
  const scale = await dtype.vector({ graph, data }, `${name}.weight`, gain);
  return graph.node('SimplifiedLayerNormalization', name, [x, scale], { attributes: { axis: -1n, epsilon, stash_type: 1n } });
}

/** The three projections of one layer's attention, by name in the graph (`name`) and in the checkpoint (`source`). */
export interface Projections {
  readonly name: string;
  readonly source: string;
  readonly padding: HeadPadding;
  /** Whether they have biases. Default: false */
  readonly biased?: boolean;
}

/** Projects `x` [..., width] to queries, keys and values, by matrices [outputs, inputs]: [..., heads * head size] each. */
export async function writeProjections(context: GraphContext, { name, source, padding, biased }: Projections, x: string) {
  const project = async (part: 'query' | 'key' | 'value') => {
    const origin = `${source}.${part[0]}_proj`;
    const matrix = padHeadRows(await context.read(`${origin}.weight`), padding);
    const bias = biased ? padHeadColumns(await context.read(`${origin}.bias`), padding) : undefined;
    return writeLinear(context, `${name}.${part}`, x, { ...matrix, order: 'outputs-first' }, bias);
  };
  return { query: await project('query'), key: await project('key'), value: await project('value') };
}
