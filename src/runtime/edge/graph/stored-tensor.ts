import { GRAPH_FILE } from '../../../core/folder/graph-files.ts';
import { MAX_WEIGHTS_BYTES } from '../../../core/limits.ts';
import { externalRange } from '../../../core/onnx/external-range.ts';
import { TensorProto_DataType as ElementType, type TensorProto } from '../../../core/onnx/onnx-ml_pb.js';
import { showText } from '../../../core/show-text.ts';
import { unsupported } from './unsupported.ts';

/** A tensor that the model folder holds: in a file of external data from `offset` on, or in the graph itself. */
export interface StoredTensor {
  readonly name: string;
  readonly type: ElementType;
  readonly dims: readonly number[];
  readonly byteLength: number;
  readonly file: string;
  readonly offset: number;
  /** Of one that the graph holds. */
  readonly bytes?: Uint8Array;
}

/** Bytes of an element of the types that decoders' weights and constants have. */
const ELEMENT_BYTES: Readonly<Record<number, number>> = {
  [ElementType.FLOAT]: 4,
  [ElementType.FLOAT16]: 2,
  [ElementType.UINT8]: 1,
  [ElementType.INT8]: 1,
  [ElementType.INT32]: 4,
  [ElementType.INT64]: 8,
};
/** ONNX has no limit of its own; no tensor of a decoder has more than four. */
const MAX_RANK = 8;

/** @throws GptEdgeError `unsupported_model` or `invalid_file` for a tensor of another type, shape or length than it can have */
export function storedTensor(tensor: TensorProto): StoredTensor {
  const { name, dataType: type } = tensor;
  const fail = (problem: string) => unsupported(`tensor ${showText(name)} ${problem}.`);
  const size = ELEMENT_BYTES[type];
  if (size === undefined) throw fail(`has elements of type ${ElementType[type] ?? type}`);
  const dims = tensor.dims.map(Number);
  if (dims.length > MAX_RANK) throw fail(`has ${dims.length} dimensions, more than ${MAX_RANK}`);
  if (dims.some((dim) => !(dim >= 0 && dim <= MAX_WEIGHTS_BYTES))) throw fail(`has the shape [${dims}]`);
  const byteLength = dims.reduce((product, dim) => product * dim, size);
  if (byteLength > MAX_WEIGHTS_BYTES) throw fail(`has ${byteLength} bytes, more than ${MAX_WEIGHTS_BYTES}`);
  const external = externalRange(tensor, GRAPH_FILE);
  if (external) return { name, type, dims, byteLength, file: external.location, offset: external.offset };
  const bytes = inlineBytes(tensor);
  if (bytes.length !== byteLength) throw fail(`has ${bytes.length} bytes of data, ${byteLength} expected`);
  return { name, type, dims, byteLength, file: '', offset: 0, bytes };
}

/** ONNX stores elements as raw bytes, or in a list of their kind. */
function inlineBytes(tensor: TensorProto): Uint8Array {
  if (tensor.rawData.length > 0) return tensor.rawData;
  if (tensor.int64Data.length > 0) return new Uint8Array(BigInt64Array.from(tensor.int64Data).buffer);
  if (tensor.floatData.length > 0) return new Uint8Array(Float32Array.from(tensor.floatData).buffer);
  if (tensor.dataType === ElementType.INT32) return new Uint8Array(Int32Array.from(tensor.int32Data).buffer);
  return Uint8Array.from(tensor.int32Data);
}

/** The few integers of a constant of type int32 or int64. Beyond 2^53 they lose precision, which only bounds such as "to the end" reach. */
export function integersOf({ type, bytes }: StoredTensor): number[] | undefined {
  if (bytes === undefined) return undefined;
  const aligned = bytes.slice().buffer;
  if (type === ElementType.INT64) return Array.from(new BigInt64Array(aligned), Number);
  return type === ElementType.INT32 ? Array.from(new Int32Array(aligned)) : undefined;
}
