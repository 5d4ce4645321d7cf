import { ElementType, MICROSOFT } from '../graph/graph-builder.ts';
import type { Dtype, Table, Weight, WeightTarget } from './dtype.ts';

/** A floating-point element type that weights are stored in. */
export interface FloatFormat {
  readonly name: string;
  readonly elementType: ElementType;
  /** The nearest values, in the file's byte order. `name` is for the error when they have none. */
  encode(values: Float32Array, name: string): ArrayBufferView;
  /** Whether encoding loses nothing. */
  isExact(values: Float32Array): boolean;
}

/** Stores each weight as one tensor of `format`. The graph casts it to float32, which ONNX Runtime does once, while a session is created. */
export function floatDtype(format: FloatFormat): Dtype {
  const store = async ({ graph, data }: WeightTarget, name: string, { shape, values }: Weight) =>
    graph.weight(name, format.elementType, shape, await data.append(format.encode(values, name)));
  return {
    name: format.name,
    async multiply(target, name, x, matrix) {
      const stored = await store(target, `${name}.weight`, matrix);
      const inputs = [x, toFloat32(target, format, stored)];
      if (matrix.order === 'inputs-first') return target.graph.node('MatMul', name, inputs);
      return target.graph.node('FusedMatMul', name, inputs, { domain: MICROSOFT, attributes: { transB: 1n } });
    },
    async vector(target, name, vector) {
      // Vectors weigh nothing, and an error in a norm or a bias reaches every value: they keep their precision.
      if (format.isExact(vector.values)) return toFloat32(target, format, await store(target, name, vector));
      return target.graph.weight(name, ElementType.FLOAT, vector.shape, await target.data.append(vector.values));
    },
    table: async (target, name, table) => floatTable(target, format, await store(target, name, table)),
  };
}

function floatTable(target: WeightTarget, format: FloatFormat, stored: string): Table {
  const { graph } = target;
  return {
    lookUp(name, ids) {
      if (format.elementType === ElementType.FLOAT) return graph.node('Gather', name, [stored, ids]);
      // Rows are cast after the look-up: a table cast as a whole would stay in memory beside the head's own, rearranged copy.
      const rows = graph.node('Gather', `${name}.stored`, [stored, ids]);
      return graph.node('Cast', name, [rows], { attributes: { to: BigInt(ElementType.FLOAT) } });
    },
    // Gemm with transB, between two reshapes, and MatMul behind a Transpose that is folded into a copy, measured no faster in
    // onnxruntime-web (600 to 650 tokens/s each with the default model).
    project: (name, x) =>
      graph.node('FusedMatMul', name, [x, toFloat32(target, format, stored)], { domain: MICROSOFT, attributes: { transB: 1n } }),
  };
}

function toFloat32({ graph }: WeightTarget, format: FloatFormat, stored: string): string {
  if (format.elementType === ElementType.FLOAT) return stored;
  return graph.node('Cast', `${stored}.float32`, [stored], { attributes: { to: BigInt(ElementType.FLOAT) } });
}
