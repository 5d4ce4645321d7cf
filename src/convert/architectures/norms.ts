import type { GraphContext } from './architecture.ts';

/** A norm in the graph (`name`) and in the checkpoint (`source`, without `.weight` and `.bias`). */
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
 * Scales `x` [..., width] to a mean square of 1, then by the norm's own weight. The operator is ONNX Runtime's own, though it lies in
 * the standard domain; ONNX's RMSNormalization came with opset 23.
 */
export async function writeRmsNorm({ graph, data, dtype, read }: GraphContext, { name, source, epsilon }: Norm, x: string) {
  const scale = await dtype.vector({ graph, data }, `${name}.weight`, await read(`${source}.weight`));
  return graph.node('SimplifiedLayerNormalization', name, [x, scale], { attributes: { axis: -1n, epsilon, stash_type: 1n } });
}
