import type { Matrix, Weight } from '../dtypes/dtype.ts';
import type { GraphContext } from './architecture.ts';
import { type HeadPadding, padHeadRows } from './pad-heads.ts';

/**
 * Computes `x` [..., inputs] times a matrix, plus a bias [outputs]: [..., outputs]. Stored as `<name>.weight` and
 * `<name>.bias`.
 */
export async function writeAffine(context: GraphContext, name: string, x: string, matrix: Matrix, bias: Weight): Promise<string> {
  const product = await context.dtype.multiply(context, name, x, matrix);
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

/**
 * Scales `x` [..., width] to a mean square of 1, then by the norm's own weight. The operator is ONNX Runtime's own,
 * although it lies in the standard domain; ONNX's RMSNormalization came only with opset 23.
 */
export async function writeRmsNorm({ graph, data, dtype, read }: GraphContext, { name, source, epsilon }: Norm, x: string) {
  const scale = await dtype.vector({ graph, data }, `${name}.weight`, await read(`${source}.weight`));
  return graph.node('SimplifiedLayerNormalization', name, [x, scale], { attributes: { axis: -1n, epsilon, stash_type: 1n } });
}

/** The three projections of one layer's attention, by name in the graph (`name`) and in the checkpoint (`source`). */
export interface Projections {
  readonly name: string;
  readonly source: string;
  readonly padding: HeadPadding;
}

/**
 * Projects `x` [..., width] to queries, keys and values, by matrices [outputs, inputs] without biases: [..., heads *
 * head size] each.
 */
export async function writeProjections(context: GraphContext, { name, source, padding }: Projections, x: string) {
  const project = async (part: 'query' | 'key' | 'value') => {
    const matrix = padHeadRows(await context.read(`${source}.${part[0]}_proj.weight`), padding);
    return context.dtype.multiply(context, `${name}.${part}`, x, { ...matrix, order: 'outputs-first' });
  };
  return { query: await project('query'), key: await project('key'), value: await project('value') };
}
