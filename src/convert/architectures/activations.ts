import type { GraphBuilder } from '../graph/graph-builder.ts';

/**
 * How graphs compute each activation, by the names of transformers. gelu_new, gelu_fast and gelu_pytorch_tanh are the
 * same function, GELU approximated by tanh.
 */
const ACTIVATIONS: Readonly<Record<string, (graph: GraphBuilder, name: string, x: string) => string>> = {
  gelu: gelu('none'),
  gelu_fast: gelu('tanh'),
  gelu_new: gelu('tanh'),
  gelu_pytorch_tanh: gelu('tanh'),
  relu: (graph, name, x) => graph.node('Relu', `${name}.activation`, [x]),
  silu,
  swish: silu,
};

/** The activations that graphs can have, by the names of transformers. */
export const activationNames: readonly string[] = Object.keys(ACTIVATIONS);

/** Applies the activation of that name to `x`, number by number. The nodes have names that begin with `name`. */
export function writeActivation(graph: GraphBuilder, activation: string, name: string, x: string): string {
  return ACTIVATIONS[activation](graph, name, x);
}

function gelu(approximate: 'none' | 'tanh') {
  return (graph: GraphBuilder, name: string, x: string) => graph.node('Gelu', `${name}.activation`, [x], { attributes: { approximate } });
}

function silu(graph: GraphBuilder, name: string, x: string): string {
  return graph.node('Mul', `${name}.activation`, [x, graph.node('Sigmoid', `${name}.sigmoid`, [x])]);
}
