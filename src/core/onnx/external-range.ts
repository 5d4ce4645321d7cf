import { invalidFile, showText } from '../invalid-file.ts';
import { ELEMENT_TYPES } from './element-types.ts';
import { type TensorProto, TensorProto_DataLocation } from './onnx-ml_pb.js';

/** The part of a file in which a tensor lies, in bytes. */
export interface ExternalRange {
  /** Name of the file, as the graph refers to it. */
  readonly location: string;
  readonly offset: number;
  readonly length: number;
}

/**
 * Finds where a tensor lies outside of its graph; returns undefined for a tensor that the graph holds itself. If the
 * file states no offset, it is 0; if it states no length, it follows from type and shape.
 * @param file names the graph in messages
 * @throws GptEdgeError `invalid_file` for an offset, length or dimension that is not a count, or a length that type and
 *   shape contradict
 */
export function externalRange(tensor: TensorProto, file: string): ExternalRange | undefined {
  if (tensor.externalData.length === 0 && tensor.dataLocation !== TensorProto_DataLocation.EXTERNAL) return undefined;
  const fail = (problem: string) => invalidFile(file, `tensor ${showText(tensor.name)}: ${problem}`);
  const fields = new Map(tensor.externalData.map(({ key, value }) => [key, value]));
  const count = (key: string, fallback: number) => {
    const text = fields.get(key);
    if (text === undefined) return fallback;
    if (!/^\d{1,15}$/.test(text)) throw fail(`${key} ${showText(text)} of its external data is not a count`);
    return Number(text);
  };
  if (tensor.dims.some((size) => size < 0n)) throw fail(`shape [${tensor.dims}] holds what is not a count`);
  const type = ELEMENT_TYPES[tensor.dataType];
  if (type === undefined) throw fail(`element type ${tensor.dataType} is not known`);
  const bytes = Math.ceil((elementCount(tensor) * type.bits) / 8);
  const length = count('length', bytes);
  if (length !== bytes) throw fail(`length ${length} of its external data is not the ${bytes} bytes that its type and shape take`);
  return { location: fields.get('location') ?? '', offset: count('offset', 0), length };
}

/** The number of a tensor's elements: the product of its dimensions, 1 for a scalar. */
export function elementCount({ dims }: Pick<TensorProto, 'dims'>): number {
  return dims.reduce((product, size) => product * Number(size), 1);
}
