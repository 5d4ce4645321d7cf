import { GptEdgeError } from '../../core/errors.ts';
import { float16Value } from '../../core/float16.ts';
import type { SourceTensor } from './tensor-source.ts';

/**
 * The element types that hold weights, each with its exact conversion to float32. Both the files and the machines that
 * run this are little-endian.
 */
const DECODERS: Readonly<Record<string, (bytes: Uint8Array<ArrayBuffer>) => Float32Array>> = {
  F32: (bytes) => new Float32Array(bytes.buffer),
  F16: (bytes) => {
    const table = float16Values();
    const bits = new Uint16Array(bytes.buffer);
    return new Float32Array(bits.length).map((_, index) => table[bits[index]]);
  },
  BF16: (bytes) => {
    // A bfloat16 is the upper half of a float32.
    const words = new Uint32Array(new Uint16Array(bytes.buffer));
    return new Float32Array(words.map((bits) => bits << 16).buffer);
  },
};

let float16Table: Float32Array | undefined;

/**
 * Returns a table of every float16's value by its bits. Looking values up is several times as fast as converting them
 * one by one.
 */
export function float16Values(): Float32Array {
  float16Table ??= Float32Array.from({ length: 2 ** 16 }, (_, bits) => float16Value(bits));
  return float16Table;
}

/**
 * Turns bytes of a tensor, which must fill their buffer, into numbers.
 * @param first the number of their first value, for messages
 * @throws GptEdgeError `invalid_file` for an element type other than F32, F16 and BF16, or a weight that is not a
 *   finite number
 */
export function decodeFloats(bytes: Uint8Array<ArrayBuffer>, tensor: SourceTensor, file: string, first = 0): Float32Array {
  const decode = Object.hasOwn(DECODERS, tensor.dtype) ? DECODERS[tensor.dtype] : undefined;
  if (!decode) {
    const known = Object.keys(DECODERS).join(', ');
    throw new GptEdgeError('invalid_file', `${file}: tensor ${tensor.name}: dtype ${tensor.dtype} holds no weights; ${known} do`, {
      param: file,
    });
  }
  const values = decode(bytes);
  const broken = values.findIndex((value) => !Number.isFinite(value));
  if (broken >= 0)
    throw new GptEdgeError('invalid_file', `${file}: tensor ${tensor.name}: value ${first + broken} is ${values[broken]}`, { param: file });
  return values;
}
