import { type FileHandle, open } from 'node:fs/promises';
import { basename } from 'node:path';
import { GptEdgeError } from '../../../core/errors.ts';
import { decodeFloats } from '../../tensors/decode-floats.ts';
import type { TensorSource } from '../../tensors/tensor-source.ts';
import { HEADER_LENGTH_BYTES, parseHeaderLength, parseSafetensorsHeader } from './safetensors-header.ts';

/**
 * Opens a safetensors file: the header is read and checked now, each tensor when asked for.
 * @throws GptEdgeError `invalid_file` when the file is missing, or its header does not describe it
 */
export async function openSafetensors(path: string): Promise<TensorSource> {
  const file = basename(path);
  const handle = await open(path).catch((cause) => {
    throw new GptEdgeError('invalid_file', `${path}: cannot be opened: ${(cause as Error).message}`, { param: file, cause });
  });
  try {
    return await readHeader(handle, file);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function readHeader(handle: FileHandle, file: string): Promise<TensorSource> {
  const { size } = await handle.stat();
  const prefix = await readBytes(handle, 0, Math.min(HEADER_LENGTH_BYTES, size), file);
  const headerBytes = parseHeaderLength(prefix, size, file);
  const dataStart = HEADER_LENGTH_BYTES + headerBytes;
  const header = await readBytes(handle, HEADER_LENGTH_BYTES, headerBytes, file);
  const tensors = parseSafetensorsHeader(header, size - dataStart, file);
  return {
    tensors,
    read: async (name) => {
      const tensor = tensors.get(name);
      if (!tensor) throw new GptEdgeError('invalid_file', `${file}: has no tensor ${JSON.stringify(name)}`, { param: file });
      return { values: decodeFloats(await readBytes(handle, dataStart + tensor.begin, tensor.bytes, file), tensor, file) };
    },
    close: () => handle.close(),
  };
}

async function readBytes(handle: FileHandle, position: number, length: number, file: string): Promise<Uint8Array<ArrayBuffer>> {
  // A buffer of its own, not a piece of Node's pool: typed arrays of wider elements are laid over it.
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await handle.read(bytes, done, length - done, position + done);
    if (bytesRead === 0)
      throw new GptEdgeError('invalid_file', `${file}: ended at byte ${position + done} while being read`, { param: file });
    done += bytesRead;
  }
  return bytes;
}
