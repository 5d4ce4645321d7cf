import type { FileHandle } from 'node:fs/promises';
import { basename } from 'node:path';
import { invalidFile } from '../../../core/invalid-file.ts';
import { closeOnFailure, openFile } from '../../files/open-file.ts';
import { readRange } from '../../files/read-range.ts';
import { decodeFloats } from '../../tensors/decode-floats.ts';
import type { TensorSource } from '../../tensors/tensor-source.ts';
import { HEADER_LENGTH_BYTES, parseHeaderLength, parseSafetensorsHeader } from './safetensors-header.ts';

/**
 * Opens a safetensors file. The header is read and checked now, each tensor when it is asked for.
 * @throws GptEdgeError `invalid_file` if the file is missing, or its header does not describe it
 */
export async function openSafetensors(path: string): Promise<TensorSource> {
  const handle = await openFile(path);
  return closeOnFailure(handle, () => readHeader(handle, basename(path)));
}

async function readHeader(handle: FileHandle, file: string): Promise<TensorSource> {
  const { size } = await handle.stat();
  const prefix = await readRange(handle, 0, Math.min(HEADER_LENGTH_BYTES, size), file);
  const headerBytes = parseHeaderLength(prefix, size, file);
  const dataStart = HEADER_LENGTH_BYTES + headerBytes;
  const header = await readRange(handle, HEADER_LENGTH_BYTES, headerBytes, file);
  const tensors = parseSafetensorsHeader(header, size - dataStart, file);
  const find = (name: string) => {
    const tensor = tensors.get(name);
    if (!tensor) throw invalidFile(file, `has no tensor ${JSON.stringify(name)}`);
    return tensor;
  };
  return {
    tensors,
    read: async (name) => {
      const tensor = find(name);
      return { values: decodeFloats(await readRange(handle, dataStart + tensor.begin, tensor.bytes, file), tensor, file) };
    },
    readRows: async (name, start, count) => {
      const tensor = find(name);
      const [rows, columns] = tensor.shape;
      const rowBytes = tensor.bytes / rows;
      const bytes = await readRange(handle, dataStart + tensor.begin + start * rowBytes, count * rowBytes, file);
      return { values: decodeFloats(bytes, tensor, file, start * columns) };
    },
    close: () => handle.close(),
  };
}
