import type { FileHandle } from 'node:fs/promises';
import { type DataLocation, locate, type ValuesInPieces, type WeightData } from './weight-data.ts';

/** Name of the file with the weights, which lies beside the graph. The graph refers to it by this name. */
export const EXTERNAL_DATA_FILE = 'model.onnx_data';

/** Appends tensors to the external data file, one at a time. */
export class ExternalDataWriter implements WeightData {
  readonly #file: FileHandle;
  #end = 0;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  async append(values: ArrayBufferView | ValuesInPieces): Promise<DataLocation> {
    const location = locate(this.#end, values.byteLength);
    await this.#write(new Uint8Array(location.offset - this.#end));
    if (ArrayBuffer.isView(values)) await this.#writeView(values);
    else for await (const piece of values.pieces()) await this.#writeView(piece);
    if (this.#end !== location.offset + location.length)
      throw new Error(`${this.#end - location.offset} bytes are not the ${location.length} announced`);
    return location;
  }

  #writeView({ buffer, byteOffset, byteLength }: ArrayBufferView): Promise<void> {
    return this.#write(new Uint8Array(buffer, byteOffset, byteLength));
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await this.#file.write(bytes, done, bytes.length - done, this.#end);
      done += bytesWritten;
      this.#end += bytesWritten;
    }
  }
}
