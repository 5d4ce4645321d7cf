import { join } from 'node:path';
import { invalidFile, showText } from '../../../core/invalid-file.ts';
import { elementCount, externalRange } from '../../../core/onnx/external-range.ts';
import { TensorProto_DataType as ElementType, type TensorProto } from '../../../core/onnx/onnx-ml_pb.js';
import { openFile } from '../../files/open-file.ts';
import { readRange } from '../../files/read-range.ts';
import { float16Values } from '../../tensors/decode-floats.ts';

/** Bytes that are read at a time: a whole number of elements of every type. */
const PIECE_BYTES = 4 * 2 ** 20;

/** The element types of real numbers: the bytes of one, and how they are read. */
const FLOATS: Readonly<Record<number, { readonly bytes: number; decode(bytes: ArrayBuffer): Float32Array | Float64Array }>> = {
  [ElementType.FLOAT]: { bytes: 4, decode: (bytes) => new Float32Array(bytes) },
  [ElementType.DOUBLE]: { bytes: 8, decode: (bytes) => new Float64Array(bytes) },
  [ElementType.FLOAT16]: { bytes: 2, decode: (bytes) => Float32Array.from(new Uint16Array(bytes), (bits) => float16Values()[bits]) },
  [ElementType.BFLOAT16]: {
    bytes: 2,
    decode: (bytes) => new Float32Array(Uint32Array.from(new Uint16Array(bytes), (bits) => bits << 16).buffer),
  },
};

/** Whether a tensor holds real numbers. */
export const holdsFloats = ({ dataType }: TensorProto): boolean => Object.hasOwn(FLOATS, dataType);

/**
 * Reads a tensor of real numbers piece by piece, from external data in `folder` or from the graph itself.
 * @param file names the graph in messages
 * @throws GptEdgeError `invalid_file` for data of another length than type and shape say
 */
export async function* storedFloats(tensor: TensorProto, folder: string, file: string): AsyncGenerator<Float32Array | Float64Array> {
  const { decode } = FLOATS[tensor.dataType];
  const range = externalRange(tensor, file);
  if (!range) {
    const values = inlineFloats(tensor, decode);
    if (values.length !== elementCount(tensor))
      throw invalidFile(
        file,
        `tensor ${showText(tensor.name)}: ${values.length} values, and its shape [${tensor.dims}] has ${elementCount(tensor)}`,
      );
    yield values;
    return;
  }
  const handle = await openFile(join(folder, range.location));
  try {
    for (let done = 0; done < range.length; done += PIECE_BYTES) {
      const piece = await readRange(handle, range.offset + done, Math.min(PIECE_BYTES, range.length - done), range.location);
      yield decode(piece.buffer);
    }
  } finally {
    await handle.close();
  }
}

/** ONNX stores elements either as raw bytes or in a list of numbers, in which those of 16 bits stand as integers. */
function inlineFloats(tensor: TensorProto, decode: (bytes: ArrayBuffer) => Float32Array | Float64Array) {
  const { rawData, floatData, doubleData, int32Data, dataType } = tensor;
  if (rawData.length > 0) {
    const whole = rawData.length - (rawData.length % FLOATS[dataType].bytes);
    return decode(rawData.slice(0, whole).buffer);
  }
  if (dataType === ElementType.FLOAT) return Float32Array.from(floatData);
  if (dataType === ElementType.DOUBLE) return Float64Array.from(doubleData);
  return decode(Uint16Array.from(int32Data).buffer);
}
