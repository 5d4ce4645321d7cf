import { GRAPH_FILE } from '../../../core/folder/graph-files.ts';
import { showText } from '../../../core/invalid-file.ts';
import { MAX_WEIGHTS_BYTES } from '../../../core/limits.ts';
import { ELEMENT_TYPES } from '../../../core/onnx/element-types.ts';
import { externalRange } from '../../../core/onnx/external-range.ts';
import { TensorProto_DataType as ElementType, type TensorProto } from '../../../core/onnx/onnx-ml_pb.js';
import { unsupported } from './unsupported.ts';

/** A tensor that the model folder holds, either in a file of external data or in the graph itself. */
export interface StoredTensor {
  readonly name: string;
  readonly type: ElementType;
  readonly dims: readonly number[];
  readonly byteLength: number;
  /** The file of external data; empty for a tensor that the graph holds. */
  readonly file: string;
  /** Bytes from the start of `file`. */
  readonly offset: number;
  /** The data of a tensor that the graph holds. */
  readonly bytes?: Uint8Array;
}

/** The element types that weights and constants of decoders have. */
const SUPPORTED_TYPES: readonly ElementType[] = [
  ElementType.FLOAT,
  ElementType.FLOAT16,
  ElementType.UINT8,
  ElementType.INT8,
  ElementType.INT32,
  ElementType.INT64,
];
/** ONNX itself sets no limit. No tensor of a decoder has more than four dimensions. */
const MAX_RANK = 8;

/**
 * Checks a tensor and finds its data.
 * @throws GptEdgeError `unsupported_model` for a type, rank or size that the engine does not take, or for data of
 *   another length than type and shape say; `invalid_file` for invalid external data
 */
export function storedTensor(tensor: TensorProto): StoredTensor {
  const { name, dataType: type } = tensor;
  const fail = (problem: string) => unsupported(`tensor ${showText(name)} ${problem}.`);
  if (!SUPPORTED_TYPES.includes(type)) throw fail(`has elements of type ${ElementType[type] ?? type}`);
  const dims = tensor.dims.map(Number);
  if (dims.length > MAX_RANK) throw fail(`has ${dims.length} dimensions, more than ${MAX_RANK}`);
  if (dims.some((dim) => !(dim >= 0 && dim <= MAX_WEIGHTS_BYTES))) throw fail(`has the shape [${dims}]`);
  const byteLength = dims.reduce((product, dim) => product * dim, ELEMENT_TYPES[type].bits / 8);
  if (byteLength > MAX_WEIGHTS_BYTES) throw fail(`has ${byteLength} bytes, more than ${MAX_WEIGHTS_BYTES}`);
  const external = externalRange(tensor, GRAPH_FILE);
  if (external) return { name, type, dims, byteLength, file: external.location, offset: external.offset };
  const bytes = inlineBytes(tensor);
  if (bytes.length !== byteLength) throw fail(`has ${bytes.length} bytes of data, ${byteLength} expected`);
  return { name, type, dims, byteLength, file: '', offset: 0, bytes };
}

/** Returns the data in a graph. ONNX stores elements either as raw bytes or in a list of numbers. */
function inlineBytes(tensor: TensorProto): Uint8Array {
  if (tensor.rawData.length > 0) return tensor.rawData;
  if (tensor.int64Data.length > 0) return new Uint8Array(BigInt64Array.from(tensor.int64Data).buffer);
  if (tensor.floatData.length > 0) return new Uint8Array(Float32Array.from(tensor.floatData).buffer);
  if (tensor.dataType === ElementType.INT32) return new Uint8Array(Int32Array.from(tensor.int32Data).buffer);
  return Uint8Array.from(tensor.int32Data);
}

/**
 * Reads the few integers of a constant of type int32 or int64; returns undefined for any other tensor. Integers beyond
 * 2^53 lose precision, but only bounds that mean "to the end" are that large.
 */
export function integersOf({ type, bytes }: StoredTensor): number[] | undefined {
  if (bytes === undefined) return undefined;
  const aligned = bytes.slice().buffer;
  if (type === ElementType.INT64) return Array.from(new BigInt64Array(aligned), Number);
  return type === ElementType.INT32 ? Array.from(new Int32Array(aligned)) : undefined;
}
