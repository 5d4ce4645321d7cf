import { GptEdgeError } from '../../../core/errors.ts';
import { MAX_WEIGHTS_BYTES } from '../../../core/limits.ts';
import { MAX_TENSOR_DIMENSION, MAX_TENSOR_NAME, MAX_TENSORS } from '../../tensors/tensor-limits.ts';
import type { SourceTensor } from '../../tensors/tensor-source.ts';

/**
 * Limit for the header. It takes about 100 bytes a tensor, so there is room for 100,000, and reading it stays cheap.
 */
export const MAX_HEADER_BYTES = 10 * 2 ** 20;
/** Limit for a tensor's dimensions. Matrices have 2, GPT-2's mask buffers 4; ONNX Runtime itself stops at 8. */
export const MAX_RANK = 8;
/** Bytes before the header. They hold its length, as a little-endian 64-bit integer. */
export const HEADER_LENGTH_BYTES = 8;

/** Bytes of one element, for every element type of the format that takes whole bytes. */
const DTYPE_BYTES: Readonly<Record<string, number>> = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E5M2: 1,
  F8_E4M3: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  I64: 8,
  U64: 8,
  F64: 8,
};

/** A tensor and the position of its first byte, counted from the start of the data. */
export interface LocatedTensor extends SourceTensor {
  readonly begin: number;
}

/**
 * Reads the length that a safetensors file starts with.
 * @throws GptEdgeError `invalid_file` if it is beyond MAX_HEADER_BYTES or the file's end
 */
export function parseHeaderLength(prefix: Uint8Array, fileBytes: number, file: string): number {
  if (prefix.length < HEADER_LENGTH_BYTES)
    throw invalid(file, `has ${prefix.length} bytes, fewer than the ${HEADER_LENGTH_BYTES} of a header's length`);
  const length = new DataView(prefix.buffer, prefix.byteOffset, prefix.byteLength).getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER_BYTES)) throw invalid(file, `header length ${length} is over the limit of ${MAX_HEADER_BYTES}`);
  if (Number(length) > fileBytes - HEADER_LENGTH_BYTES)
    throw invalid(file, `header length ${length} is over the ${fileBytes - HEADER_LENGTH_BYTES} bytes that follow it`);
  return Number(length);
}

/**
 * Reads a safetensors header (the JSON after the length) and checks that its tensors cover the data exactly: each
 * aligned to its element size, none overlapping, no hole, none beyond the `dataBytes` that follow the header.
 * @throws GptEdgeError `invalid_file`, naming the file, the tensor, the field, the value and the limit
 */
export function parseSafetensorsHeader(header: Uint8Array, dataBytes: number, file: string): Map<string, LocatedTensor> {
  const entries = Object.entries(parseObject(header, file)).filter(([name]) => name !== '__metadata__');
  if (entries.length > MAX_TENSORS) throw invalid(file, `lists ${entries.length} tensors, over the limit of ${MAX_TENSORS}`);
  const tensors = new Map(entries.map(([name, entry]) => [name, parseTensor(name, entry, dataBytes, file)]));
  checkCoverage([...tensors.values()], dataBytes, file);
  return tensors;
}

function parseObject(header: Uint8Array, file: string): object {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(header));
  } catch (cause) {
    throw invalid(file, 'header is not JSON in UTF-8', cause);
  }
  if (!isObject(json)) throw invalid(file, 'header is not a JSON object');
  return json;
}

function parseTensor(name: string, entry: unknown, dataBytes: number, file: string): LocatedTensor {
  if (name.length > MAX_TENSOR_NAME)
    throw invalid(file, `a tensor name of ${name.length} characters is over the limit of ${MAX_TENSOR_NAME}`);
  const where = `tensor ${JSON.stringify(name)}`;
  if (!isObject(entry)) throw invalid(file, `${where} is not a JSON object`);
  const { dtype, shape, data_offsets: offsets } = entry as Record<string, unknown>;
  const elementBytes = typeof dtype === 'string' && Object.hasOwn(DTYPE_BYTES, dtype) ? DTYPE_BYTES[dtype] : undefined;
  if (elementBytes === undefined)
    throw invalid(file, `${where}: dtype ${show(dtype)} is not one of ${Object.keys(DTYPE_BYTES).join(', ')}`);
  const bytes = countElements(shape, where, file) * elementBytes;
  if (bytes > MAX_WEIGHTS_BYTES)
    throw invalid(file, `${where}: shape ${show(shape)} takes ${bytes} bytes, over the limit of ${MAX_WEIGHTS_BYTES}`);
  const begin = checkOffsets(offsets, { bytes, elementBytes, dataBytes }, where, file);
  return { name, dtype: dtype as string, shape: shape as number[], bytes, begin };
}

function countElements(shape: unknown, where: string, file: string): number {
  if (!Array.isArray(shape)) throw invalid(file, `${where}: shape ${show(shape)} is not an array`);
  if (shape.length > MAX_RANK) throw invalid(file, `${where}: shape has ${shape.length} dimensions, over the limit of ${MAX_RANK}`);
  for (const dimension of shape) {
    if (!isCount(dimension)) throw invalid(file, `${where}: shape holds ${show(dimension)}, which is not a count`);
    if (dimension > MAX_TENSOR_DIMENSION)
      throw invalid(file, `${where}: shape holds the dimension ${dimension}, over the limit of ${MAX_TENSOR_DIMENSION}`);
  }
  // Each factor is at most 2^20, so the product of eight may lose digits, but cannot become small.
  return shape.reduce((product: number, dimension: number) => product * dimension, 1);
}

function checkOffsets(
  offsets: unknown,
  size: { bytes: number; elementBytes: number; dataBytes: number },
  where: string,
  file: string,
): number {
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount))
    throw invalid(file, `${where}: data_offsets ${show(offsets)} are not two counts`);
  const [begin, end] = offsets as [number, number];
  if (end > size.dataBytes) throw invalid(file, `${where}: data_offsets end at ${end}, beyond the ${size.dataBytes} bytes of data`);
  if (end - begin !== size.bytes)
    throw invalid(file, `${where}: data_offsets span ${end - begin} bytes, its dtype and shape take ${size.bytes}`);
  if (begin % size.elementBytes !== 0)
    throw invalid(file, `${where}: data_offsets begin at ${begin}, which is not aligned to ${size.elementBytes} bytes`);
  return begin;
}

function checkCoverage(tensors: LocatedTensor[], dataBytes: number, file: string): void {
  let end = 0;
  for (const tensor of tensors.sort((a, b) => a.begin - b.begin || a.bytes - b.bytes)) {
    if (tensor.begin < end)
      throw invalid(file, `tensor ${JSON.stringify(tensor.name)} begins at ${tensor.begin}, before another one's end at ${end}`);
    if (tensor.begin > end) throw invalid(file, `the bytes from ${end} to ${tensor.begin} of the data belong to no tensor`);
    end = tensor.begin + tensor.bytes;
  }
  if (end !== dataBytes) throw invalid(file, `the bytes from ${end} to ${dataBytes} of the data belong to no tensor`);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Returns a value of the file as a message shows it, cut if it is long. */
function show(value: unknown): string {
  const text = JSON.stringify(value) ?? 'undefined';
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

function invalid(file: string, problem: string, cause?: unknown): GptEdgeError {
  return new GptEdgeError('invalid_file', `${file}: ${problem}`, { param: file, cause });
}
