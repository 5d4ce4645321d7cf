import { GptEdgeError } from '../../core/errors.ts';
import type { DecoderPlan } from '../architectures/architecture.ts';
import type { Dtype, Matrix, Weight } from '../dtypes/dtype.ts';
import { GraphBuilder } from '../graph/graph-builder.ts';
import { UnwrittenData } from '../graph/weight-data.ts';

/** A product of the graph, and where its matrix comes from. */
export interface TracedProduct {
  /** The name of the node. */
  readonly node: string;
  /** For each output and each input of the graph's matrix, that of the checkpoint's; -1 for those that are filled up. */
  readonly outputs: readonly number[];
  readonly inputs: readonly number[];
}

/** The largest whole number up to which float32 holds all of them. */
const MAX_LABEL = 2 ** 24;

/**
 * Finds out which product of a decoder's graph is made from which tensor of its checkpoint, and in what order its rows
 * and columns lie there. The architecture writes its graph twice, over matrices that hold, in place of weights, the
 * numbers of their rows, and then of their columns. Whatever it does with them (heads that are filled up or reordered,
 * parts that are taken apart) can then be read off.
 * @returns the products by the name of the tensor, as the plan has it
 * @throws GptEdgeError `unsupported_model` for an architecture that computes its weights in another way
 */
export async function traceProducts(plan: DecoderPlan): Promise<Map<string, TracedProduct>> {
  const [first, second] = [await traceAxis(plan, 0), await traceAxis(plan, 1)];
  return new Map(
    [...first].map(([node, { tensor, order, labels }]) => {
      const other = second.get(node);
      if (other?.tensor !== tensor) throw untraceable(node);
      const [outputs, inputs] = order === 'outputs-first' ? [labels, other.labels] : [other.labels, labels];
      return [tensor, { node, outputs, inputs }];
    }),
  );
}

interface TracedAxis {
  readonly tensor: string;
  readonly order: Matrix['order'];
  /** For each place along the axis, that of the tensor. */
  readonly labels: readonly number[];
}

/** What the numbers of a tensor begin after. */
interface Label {
  readonly tensor: string;
  readonly start: number;
}

async function traceAxis(plan: DecoderPlan, axis: 0 | 1): Promise<Map<string, TracedAxis>> {
  const traced = new Map<string, TracedAxis>();
  const labels: Label[] = [];
  let end = 0;
  const read = async (tensor: string): Promise<Weight> => {
    const shape = plan.tensors.get(tensor)!;
    const values = new Float32Array(shape.reduce((product, size) => product * size, 1));
    if (shape.length !== 2) return { shape, values };
    labels.push({ tensor, start: end });
    for (let index = 0; index < values.length; index++)
      values[index] = end + 1 + (axis === 0 ? Math.floor(index / shape[1]) : index % shape[1]);
    end += shape[axis];
    if (end >= MAX_LABEL) throw untraceable(tensor);
    return { shape, values };
  };
  const dtype: Dtype = {
    name: 'traced',
    async multiply({ graph }, name, x, matrix) {
      traced.set(name, { ...readLabels(name, matrix, axis, labels), order: matrix.order });
      return graph.node('MatMul', name, [x, `${name}.weight`]);
    },
    vector: async (_, name) => name,
    table: async (_, name) => ({ lookUp: () => name, project: () => name }),
  };
  const table = (tensor: string) => ({ shape: plan.tensors.get(tensor)!, pieces: async function* () {} });
  await plan.writeGraph({ graph: new GraphBuilder('traced'), data: new UnwrittenData(), dtype, read, table });
  return traced;
}

/** Reads which numbers lie along an axis. All in a row must be the same, except for zeros, with which it is filled up. */
function readLabels(node: string, { shape, values }: Matrix, axis: 0 | 1, labels: readonly Label[]): Omit<TracedAxis, 'order'> {
  const found = new Array<number>(shape[axis]).fill(0);
  for (let index = 0; index < values.length; index++) {
    const place = axis === 0 ? Math.floor(index / shape[1]) : index % shape[1];
    if (found[place] === 0) found[place] = values[index];
    else if (values[index] !== 0 && values[index] !== found[place]) throw untraceable(node);
  }
  const origin = labels.findLast(({ start }) => found.some((label) => label > start));
  if (origin === undefined || found.some((label) => !Number.isInteger(label) || (label !== 0 && label <= origin.start)))
    throw untraceable(node);
  return { tensor: origin.tensor, labels: found.map((label) => (label === 0 ? -1 : label - origin.start - 1)) };
}

const untraceable = (name: string): GptEdgeError =>
  new GptEdgeError(
    'unsupported_model',
    `${name}: the architecture does not take this product from a single tensor, so adapters cannot be mapped`,
    {
      param: 'config.json',
    },
  );
