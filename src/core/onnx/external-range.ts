import { invalidFile } from '../invalid-file.ts';
import { showText } from '../show-text.ts';
import { TensorProto_DataType as ElementType, type TensorProto, TensorProto_DataLocation } from './onnx-ml_pb.js';

/** Bits of one element. Types that are not here hold no weights of a decoder. */
const ELEMENT_BITS: Readonly<Record<number, number>> = {
  [ElementType.FLOAT]: 32,
  [ElementType.UINT8]: 8,
  [ElementType.INT8]: 8,
  [ElementType.UINT16]: 16,
  [ElementType.INT16]: 16,
  [ElementType.INT32]: 32,
  [ElementType.INT64]: 64,
  [ElementType.BOOL]: 8,
  [ElementType.FLOAT16]: 16,
  [ElementType.DOUBLE]: 64,
  [ElementType.UINT32]: 32,
  [ElementType.UINT64]: 64,
  [ElementType.BFLOAT16]: 16,
  [ElementType.UINT4]: 4,
  [ElementType.INT4]: 4,
};

/** The part of a file that a tensor lies in, in bytes. */
export interface ExternalRange {
  readonly location: string;
  readonly offset: number;
  readonly length: number;
}

/**
 * Where a tensor lies outside of its graph; undefined for one that the graph holds itself. An offset left out is 0, a length left out
 * what type and shape take.
 * @param file names the graph in messages
 * @throws GptEdgeError `invalid_file` for numbers that are none, or a length that type and shape contradict
 */
export function externalRange(tensor: TensorProto, file: string): ExternalRange | undefined {
  if (tensor.externalData.length === 0 && tensor.dataLocation !== TensorProto_DataLocation.EXTERNAL) return undefined;
  const fail = (problem: string) => invalidFile(file, `tensor ${showText(tensor.name)}: ${problem}`);
  const fields = new Map(tensor.externalData.map(({ key, value }) => [key, value]));
  const count = (key: string, missing: number) => {
    const text = fields.get(key);
    if (text === undefined) return missing;
    if (!/^\d{1,15}$/.test(text)) throw fail(`${key} ${showText(text)} of its external data is no count`);
    return Number(text);
  };
  if (tensor.dims.some((size) => size < 0n)) throw fail(`shape [${tensor.dims}] holds what is no count`);
  const bits = ELEMENT_BITS[tensor.dataType];
  if (bits === undefined) throw fail(`element type ${tensor.dataType} is not known`);
  const bytes = Math.ceil((elementCount(tensor) * bits) / 8);
  const length = count('length', bytes);
  if (length !== bytes) throw fail(`length ${length} of its external data is not the ${bytes} bytes that its type and shape take`);
  return { location: fields.get('location') ?? '', offset: count('offset', 0), length };
}

/** The product of a tensor's dimensions; 1 for a scalar. */
export function elementCount({ dims }: Pick<TensorProto, 'dims'>): number {
  return dims.reduce((product, size) => product * Number(size), 1);
}
