import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CHUNK_BYTES, type Manifest } from '../core/folder/manifest.ts';
import type { ModelFiles } from '../core/folder/model-files.ts';
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
    return new Uint8Array(await readFile(join(this.#path, name)));
  }

  stream(name: string): AsyncIterable<Uint8Array> {
    return createReadStream(join(this.#path, name), { highWaterMark: CHUNK_BYTES });
  }
}
