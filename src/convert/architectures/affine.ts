import type { Matrix, Weight } from '../dtypes/dtype.ts';
import type { GraphContext } from './architecture.ts';

/** `x` [..., inputs] times a matrix, plus a bias [outputs]: [..., outputs]. Stored as `<name>.weight` and `<name>.bias`. */
export async function writeAffine(context: GraphContext, name: string, x: string, matrix: Matrix, bias: Weight): Promise<string> {
  const product = await context.dtype.multiply(context, name, x, matrix);
  return context.graph.node('Add', `${name}.biased`, [product, await context.dtype.vector(context, `${name}.bias`, bias)]);
}
