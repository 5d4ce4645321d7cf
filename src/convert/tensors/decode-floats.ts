import { Float16Array } from '@petamoriken/float16';
import { GptEdgeError } from '../../core/errors.ts';
import type { SourceTensor } from './tensor-source.ts';

/** Element types that hold weights, each with its exact widening to float32. All little-endian, as is every machine Node runs on. */
const DECODERS: Readonly<Record<string, (bytes: Uint8Array<ArrayBuffer>) => Float32Array>> = {
  F32: (bytes) => new Float32Array(bytes.buffer),
  F16: (bytes) => {
    float16Values ??= new Float32Array(new Float16Array(Uint16Array.from({ length: 2 ** 16 }, (_, bits) => bits).buffer));
    const table = float16Values;
    const halves = new Uint16Array(bytes.buffer);
    return new Float32Array(halves.length).map((_, index) => table[halves[index]]);
  },
  BF16: (bytes) => {
    // bfloat16 is the upper half of a float32.
    const words = new Uint32Array(new Uint16Array(bytes.buffer));
    return new Float32Array(words.map((half) => half << 16).buffer);
  },
};

/** Every float16 by its bits: looking up is several times as fast as converting one by one. */
let float16Values: Float32Array | undefined;

/**
 * Turns a tensor's bytes, which fill their buffer, into numbers.
 * @throws GptEdgeError `invalid_file` for an element type other than F32, F16 and BF16, or a weight that is no finite number
 */
export function decodeFloats(bytes: Uint8Array<ArrayBuffer>, tensor: SourceTensor, file: string): Float32Array {
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
    throw new GptEdgeError('invalid_file', `${file}: tensor ${tensor.name}: value ${broken} is ${values[broken]}`, { param: file });
  return values;
}
