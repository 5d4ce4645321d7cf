import { readSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { basename } from 'node:path';
import { invalidFile } from '../../../core/invalid-file.ts';
import { ByteReader } from '../../files/byte-reader.ts';
import { closeOnFailure, openFile } from '../../files/open-file.ts';
import { readRange } from '../../files/read-range.ts';
import { decodeFloats } from '../../tensors/decode-floats.ts';
import type { TensorSource, TensorValues } from '../../tensors/tensor-source.ts';
import { BrokenBlock } from './block-scale.ts';
import { type GgufTensor, MAX_GGUF_HEADER_BYTES, readGgufHeader } from './gguf-header.ts';
import { GgufMetadata } from './gguf-metadata.ts';

/** A GGUF file as it is, with its own names of tensors and its own order of rows. */
export interface GgufFile extends TensorSource {
  /** The name of the file in messages. */
  readonly file: string;
  readonly metadata: GgufMetadata;
  readonly tensors: ReadonlyMap<string, GgufTensor>;
}

/**
 * Opens a GGUF file. The header is read and checked now, each tensor when it is asked for.
 * @throws GptEdgeError `invalid_file` if the file is missing or its header does not describe it, `unsupported_model`
 *   for a tensor in a format that is not implemented
 */
export async function openGgufFile(path: string): Promise<GgufFile> {
  const handle = await openFile(path);
  return closeOnFailure(handle, () => readHeader(handle, basename(path)));
}

async function readHeader(handle: FileHandle, file: string): Promise<GgufFile> {
  const { size } = await handle.stat();
  const readAt = (position: number, target: Uint8Array) => readSync(handle.fd, target, 0, target.length, position);
  const { metadata, tensors } = readGgufHeader(new ByteReader({ file, size, limit: MAX_GGUF_HEADER_BYTES, readAt }));
  const find = (name: string) => {
    const tensor = tensors.get(name);
    if (!tensor) throw invalidFile(file, `has no tensor ${JSON.stringify(name)}`);
    return tensor;
  };
  return {
    file,
    metadata: new GgufMetadata(file, metadata),
    tensors,
    read: async (name) => {
      const tensor = find(name);
      return decodeTensor(await readRange(handle, tensor.begin, tensor.bytes, file), tensor, file);
    },
    readRows: async (name, start, count) => {
      const tensor = find(name);
      // A row is whole blocks.
      const rowBytes = tensor.bytes / tensor.shape[0];
      const bytes = await readRange(handle, tensor.begin + start * rowBytes, count * rowBytes, file);
      return decodeTensor(bytes, tensor, file, start * (rowBytes / tensor.type.blockBytes));
    },
    close: () => handle.close(),
  };
}

/**
 * Turns bytes of a tensor, which fill their buffer, into values.
 * @param firstBlock the number of their first block, for messages
 * @throws GptEdgeError `invalid_file` for a value or a scale that is not a finite number
 */
export function decodeTensor(bytes: Uint8Array<ArrayBuffer>, tensor: GgufTensor, file: string, firstBlock = 0): TensorValues {
  const { decode } = tensor.type;
  if (!decode) return { values: decodeFloats(bytes, tensor, file, firstBlock) };
  try {
    return decode(bytes);
  } catch (error) {
    if (error instanceof BrokenBlock) throw invalidFile(file, `tensor ${tensor.name}: block ${firstBlock + error.block}: ${error.problem}`);
    throw error;
  }
}
