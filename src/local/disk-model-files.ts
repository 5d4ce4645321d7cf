import { join } from 'node:path';
import { openFile } from '../convert/files/open-file.ts';
import { readRange } from '../convert/files/read-range.ts';
import { CHUNK_BYTES, type Manifest } from '../core/folder/manifest.ts';
import type { ModelFiles } from '../core/folder/model-files.ts';
import { invalidFile } from '../core/invalid-file.ts';
import type { ModelFolder } from './model-folder.ts';

/**
 * The files of a model folder on disk, as an engine reads them. The folder's sizes were checked when it was opened.
 * Hashes are not checked here: the Worker and `gpt-edge push` check them.
 */
export class DiskModelFiles implements ModelFiles {
  readonly manifest: Manifest;
  readonly #path: string;

  constructor({ manifest, path }: ModelFolder) {
    this.manifest = manifest;
    this.#path = path;
  }

  async read(name: string): Promise<Uint8Array<ArrayBuffer>> {
    const whole = new Uint8Array(this.#bytesOf(name));
    let end = 0;
    for await (const chunk of this.stream(name)) {
      whole.set(chunk, end);
      end += chunk.length;
    }
    return whole;
  }

  /** Reads as many bytes as the manifest states, and so an end, whatever the file has become. */
  async *stream(name: string): AsyncGenerator<Uint8Array> {
    const bytes = this.#bytesOf(name);
    const handle = await openFile(join(this.#path, name));
    try {
      for (let start = 0; start < bytes; start += CHUNK_BYTES)
        yield await readRange(handle, start, Math.min(CHUNK_BYTES, bytes - start), name);
    } finally {
      await handle.close();
    }
  }

  #bytesOf(name: string): number {
    const file = this.manifest.files[name];
    if (!file) throw invalidFile(join(this.#path, name), 'is not in manifest.json');
    return file.bytes;
  }
}
