import { readSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { basename } from 'node:path';
import { invalidFile } from '../../../core/invalid-file.ts';
import { ByteReader } from '../../files/byte-reader.ts';
import { readRange } from '../../files/read-range.ts';
import { decodeFloats } from '../../tensors/decode-floats.ts';
import type { TensorSource, TensorValues } from '../../tensors/tensor-source.ts';
import { BrokenBlock } from './finite-scale.ts';
import { type GgufTensor, MAX_GGUF_HEADER_BYTES, readGgufHeader } from './gguf-header.ts';
import { GgufMetadata } from './gguf-metadata.ts';

/** A GGUF file as it is: its own names, and rows in its own order. */
export interface GgufFile extends TensorSource {
  /** How messages name the file. */
  readonly file: string;
  readonly metadata: GgufMetadata;
  readonly tensors: ReadonlyMap<string, GgufTensor>;
}

/**
 * Opens a GGUF file: the header is read and checked now, each tensor when asked for.
 * @throws GptEdgeError `invalid_file` when the file is missing or its header does not describe it, `unsupported_model` for a tensor in
 *   a format that is not implemented
 */
export async function openGgufFile(path: string): Promise<GgufFile> {
  const file = basename(path);
  const handle = await open(path).catch((cause) => {
    throw invalidFile(file, `cannot be opened: ${(cause as Error).message}`, cause);
  });
  try {
    return await readHeader(handle, file);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function readHeader(handle: FileHandle, file: string): Promise<GgufFile> {
  const { size } = await handle.stat();
  const readAt = (position: number, target: Uint8Array) => readSync(handle.fd, target, 0, target.length, position);
  const { metadata, tensors } = readGgufHeader(new ByteReader({ file, size, limit: MAX_GGUF_HEADER_BYTES, readAt }));
  return {
    file,
    metadata: new GgufMetadata(file, metadata),
    tensors,
    read: async (name) => {
      const tensor = tensors.get(name);
      if (!tensor) throw invalidFile(file, `has no tensor ${JSON.stringify(name)}`);
      return decodeTensor(await readRange(handle, tensor.begin, tensor.bytes, file), tensor, file);
    },
    close: () => handle.close(),
  };
}

/**
 * Turns a tensor's bytes, which fill their buffer, into values.
 * @throws GptEdgeError `invalid_file` for a value or a scale that is no finite number
 */
export function decodeTensor(bytes: Uint8Array<ArrayBuffer>, tensor: GgufTensor, file: string): TensorValues {
  const { decode } = tensor.type;
  if (!decode) return { values: decodeFloats(bytes, tensor, file) };
  try {
    return decode(bytes);
  } catch (error) {
    if (error instanceof BrokenBlock) throw invalidFile(file, `tensor ${tensor.name}: ${error.message}`);
    throw error;
  }
}
