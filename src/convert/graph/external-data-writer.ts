import type { FileHandle } from 'node:fs/promises';

/** Name of the file beside the graph that holds the weights. The graph refers to it by this name. */
export const EXTERNAL_DATA_FILE = 'model.onnx_data';

/**
 * Alignment of tensors in the file, in bytes: a cache line, and the widest alignment that any engine needs for a
 * weight.
 */
const ALIGNMENT = 64;

/** Where a tensor lies in the external data, in bytes. */
export interface DataLocation {
  readonly offset: number;
  readonly length: number;
}

/** Appends tensors to the external data file, one at a time, each at a multiple of 64 bytes. */
export class ExternalDataWriter {
  readonly #file: FileHandle;
  #end = 0;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  /** Writes a tensor's values and returns where they lie. */
  async append(values: ArrayBufferView): Promise<DataLocation> {
    const offset = Math.ceil(this.#end / ALIGNMENT) * ALIGNMENT;
    await this.#write(new Uint8Array(offset - this.#end));
    await this.#write(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    return { offset, length: values.byteLength };
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await this.#file.write(bytes, done, bytes.length - done, this.#end);
      done += bytesWritten;
      this.#end += bytesWritten;
    }
  }
}
