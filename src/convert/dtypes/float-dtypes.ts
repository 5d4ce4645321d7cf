import { Float16Array, f16round } from '@petamoriken/float16';
import { GptEdgeError } from '../../core/errors.ts';
import { ElementType, MICROSOFT } from '../graph/graph-builder.ts';
import type { Dtype, GraphTarget, Table, Weight, WeightInPieces } from './dtype.ts';
import { inPieces } from './in-pieces.ts';

/** A floating-point element type that weights are stored in. */
interface FloatFormat {
  readonly name: string;
  readonly elementType: ElementType;
  /** Bytes of a value. */
  readonly bytes: number;
  /**
   * Converts to the nearest values, in the file's byte order. `name` names the weight, and `first` is the number of the
   * first value in it, for the error if a value has no nearest one.
   */
  encode(values: Float32Array, name: string, first: number): ArrayBufferView;
  /** Whether `encode` keeps every value as it is. */
  isExact(values: Float32Array): boolean;
}

/**
 * Stores each weight as one tensor. The graph casts it to float32, which ONNX Runtime does once, while it creates a
 * session.
 */
function floatDtype(format: FloatFormat): Dtype {
  const store = async ({ graph, data }: GraphTarget, name: string, weight: Weight | WeightInPieces) => {
    const { shape, pieces } = inPieces(weight);
    const encoded = async function* () {
      let first = 0;
      for await (const { values } of pieces()) {
        yield format.encode(values, name, first);
        first += values.length;
      }
    };
    const byteLength = format.bytes * shape.reduce((product, size) => product * size, 1);
    return graph.weight(name, format.elementType, shape, await data.append({ byteLength, pieces: encoded }));
  };
  return {
    name: format.name,
    async multiply(target, name, x, matrix) {
      const stored = await store(target, `${name}.weight`, matrix);
      const inputs = [x, toFloat32(target, format, stored)];
      if (matrix.order === 'inputs-first') return target.graph.node('MatMul', name, inputs);
      return target.graph.node('FusedMatMul', name, inputs, { domain: MICROSOFT, attributes: { transB: 1n } });
    },
    async vector(target, name, vector) {
      // Vectors keep their precision: they take little room, and an error in a norm or a bias reaches every value.
      if (format.isExact(vector.values)) return toFloat32(target, format, await store(target, name, vector));
      return target.graph.weight(name, ElementType.FLOAT, vector.shape, await target.data.append(vector.values));
    },
    table: async (target, name, table) => floatTable(target, format, await store(target, name, table)),
  };
}

/** Weights in the precision that they are computed in. */
export const fp32 = floatDtype({
  name: 'fp32',
  elementType: ElementType.FLOAT,
  bytes: 4,
  encode: (values) => values,
  isExact: () => true,
});

/** Half the bytes of fp32. Matrices are rounded to the nearest float16. */
export const fp16 = floatDtype({
  name: 'fp16',
  elementType: ElementType.FLOAT16,
  bytes: 2,
  encode(values, name, first) {
    const broken = values.findIndex((value) => !Number.isFinite(f16round(value)));
    if (broken >= 0) {
      const message = `${name}: value ${first + broken} is ${values[broken]}, beyond float16's limit of 65504; convert to fp32 instead`;
      throw new GptEdgeError('unsupported_model', message, { param: 'dtype' });
    }
    return new Uint16Array(new Float16Array(values).buffer);
  },
  isExact: (values) => values.every((value) => f16round(value) === value),
});

function floatTable(target: GraphTarget, format: FloatFormat, stored: string): Table {
  const { graph } = target;
  return {
    lookUp(name, ids) {
      if (format.elementType === ElementType.FLOAT) return graph.node('Gather', name, [stored, ids]);
      // Rows are cast after the look-up. If the whole table were cast, the result would stay in memory in addition to
      // the head's own, rearranged copy.
      const rows = graph.node('Gather', `${name}.stored`, [stored, ids]);
      return graph.node('Cast', name, [rows], { attributes: { to: BigInt(ElementType.FLOAT) } });
    },
    // Two alternatives measured no faster in onnxruntime-web (600 to 650 tokens/s each with the default model): Gemm
    // with transB between two reshapes, and MatMul after a Transpose that is folded into a copy.
    project: (name, x) =>
      graph.node('FusedMatMul', name, [x, toFloat32(target, format, stored)], { domain: MICROSOFT, attributes: { transB: 1n } }),
  };
}

function toFloat32({ graph }: GraphTarget, format: FloatFormat, stored: string): string {
  if (format.elementType === ElementType.FLOAT) return stored;
  return graph.node('Cast', `${stored}.float32`, [stored], { attributes: { to: BigInt(ElementType.FLOAT) } });
}
