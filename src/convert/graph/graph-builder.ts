import { create, toBinary } from '@bufbuild/protobuf';
import {
  type AttributeProto,
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  type GraphProto,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProto_DataLocation,
  TensorProto_DataType,
  TensorProtoSchema,
  ValueInfoProtoSchema,
} from '../../core/onnx/onnx-ml_pb.js';
import { EXTERNAL_DATA_FILE } from './external-data-writer.ts';
import type { DataLocation } from './weight-data.ts';

/** ONNX's element types, by ONNX's own numbers. */
export const ElementType = TensorProto_DataType;
export type ElementType = TensorProto_DataType;

/** The domain of ONNX Runtime's own operators. */
export const MICROSOFT = 'com.microsoft';

/**
 * The version of the standard operators: the newest in which ONNX Runtime has had every operator used here, unchanged,
 * for years.
 */
const OPSET_VERSION = 21n;
const MICROSOFT_VERSION = 1n;
/** The file format's version that belongs to opset 21. */
const IR_VERSION = 10n;

/** An attribute's value. An integer is a bigint and a float a number, since ONNX tells 1 from 1.0. */
export type AttributeValue = bigint | number | string;

interface NodeOptions {
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  readonly domain?: string;
  /** Names of the values that the node makes. Default: one value, with the node's own name. */
  readonly outputs?: readonly string[];
}

/** A dimension: a fixed size, or the name of a size that each call chooses. */
export type Dimension = number | string;

/** Collects the nodes of one ONNX graph. A value has the name of the node that makes it. */
export class GraphBuilder {
  readonly #graph: GraphProto;

  constructor(name: string) {
    this.#graph = create(GraphProtoSchema, { name });
  }

  /**
   * Adds a node and returns the name of its first output. An empty name among the inputs leaves out an optional input.
   */
  node(operator: string, name: string, inputs: readonly string[], options: NodeOptions = {}): string {
    const outputs = options.outputs ?? [name];
    const attribute = Object.entries(options.attributes ?? {}).map(([key, value]) => toAttribute(key, value));
    this.#graph.node.push(
      create(NodeProtoSchema, {
        opType: operator,
        domain: options.domain ?? '',
        name,
        input: [...inputs],
        output: [...outputs],
        attribute,
      }),
    );
    return outputs[0];
  }

  /** Declares a tensor that lies in the external data. */
  weight(name: string, dataType: ElementType, shape: readonly number[], location: DataLocation): string {
    const entries = { location: EXTERNAL_DATA_FILE, offset: String(location.offset), length: String(location.length) };
    this.#graph.initializer.push(
      create(TensorProtoSchema, {
        name,
        dataType,
        dims: shape.map(BigInt),
        dataLocation: TensorProto_DataLocation.EXTERNAL,
        externalData: Object.entries(entries).map(([key, value]) => ({ key, value })),
      }),
    );
    return name;
  }

  /** Stores a few integers in the graph itself: a scalar from a bigint, a vector from an array. */
  constant(name: string, value: bigint | readonly bigint[]): string {
    const values = typeof value === 'bigint' ? [value] : value;
    const rawData = new Uint8Array(new BigInt64Array(values).buffer);
    const dims = typeof value === 'bigint' ? [] : [BigInt(values.length)];
    this.#graph.initializer.push(create(TensorProtoSchema, { name, dataType: ElementType.INT64, dims, rawData }));
    return name;
  }

  /** Stores a float32 scalar in the graph itself. */
  float(name: string, value: number): string {
    const rawData = new Uint8Array(new Float32Array([value]).buffer);
    this.#graph.initializer.push(create(TensorProtoSchema, { name, dataType: ElementType.FLOAT, dims: [], rawData }));
    return name;
  }

  input(name: string, elementType: ElementType, shape: readonly Dimension[]): string {
    this.#graph.input.push(valueInfo(name, elementType, shape));
    return name;
  }

  output(name: string, elementType: ElementType, shape: readonly Dimension[]): void {
    this.#graph.output.push(valueInfo(name, elementType, shape));
  }

  /** Returns the finished model file, without its external data. */
  toBytes(): Uint8Array {
    const model = create(ModelProtoSchema, {
      irVersion: IR_VERSION,
      producerName: 'gpt-edge',
      opsetImport: [
        { domain: '', version: OPSET_VERSION },
        { domain: MICROSOFT, version: MICROSOFT_VERSION },
      ],
      graph: this.#graph,
    });
    return toBinary(ModelProtoSchema, model);
  }
}

function valueInfo(name: string, elemType: ElementType, shape: readonly Dimension[]) {
  const dim = shape.map((size) => ({
    value: typeof size === 'string' ? { case: 'dimParam' as const, value: size } : { case: 'dimValue' as const, value: BigInt(size) },
  }));
  return create(ValueInfoProtoSchema, { name, type: { value: { case: 'tensorType', value: { elemType, shape: { dim } } } } });
}

/** Makes an ONNX attribute of the type that the value has. */
function toAttribute(name: string, value: AttributeValue): AttributeProto {
  if (typeof value === 'bigint') return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.INT, i: value });
  if (typeof value === 'number') return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.FLOAT, f: value });
  return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.STRING, s: new TextEncoder().encode(value) });
}
