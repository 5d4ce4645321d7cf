import { TensorProto_DataType as ElementType } from './onnx-ml_pb.js';

/**
 * How people write an element type, and the bits of one element. Types that are not listed hold no weights of a
 * decoder.
 */
export const ELEMENT_TYPES: Readonly<Record<number, { readonly name: string; readonly bits: number }>> = {
  [ElementType.FLOAT]: { name: 'float32', bits: 32 },
  [ElementType.UINT8]: { name: 'uint8', bits: 8 },
  [ElementType.INT8]: { name: 'int8', bits: 8 },
  [ElementType.UINT16]: { name: 'uint16', bits: 16 },
  [ElementType.INT16]: { name: 'int16', bits: 16 },
  [ElementType.INT32]: { name: 'int32', bits: 32 },
  [ElementType.INT64]: { name: 'int64', bits: 64 },
  [ElementType.BOOL]: { name: 'bool', bits: 8 },
  [ElementType.FLOAT16]: { name: 'float16', bits: 16 },
  [ElementType.DOUBLE]: { name: 'float64', bits: 64 },
  [ElementType.UINT32]: { name: 'uint32', bits: 32 },
  [ElementType.UINT64]: { name: 'uint64', bits: 64 },
  [ElementType.BFLOAT16]: { name: 'bfloat16', bits: 16 },
  [ElementType.UINT4]: { name: 'uint4', bits: 4 },
  [ElementType.INT4]: { name: 'int4', bits: 4 },
};
