import type { Manifest } from './manifest.ts';

/** A model folder, wherever it lies. What it hands out has been checked against the manifest. */
export interface ModelFiles {
  readonly manifest: Manifest;
  /**
   * The whole of one file.
   * @throws GptEdgeError `model_unavailable`, naming a file that is missing or does not match the manifest
   */
  read(name: string): Promise<Uint8Array<ArrayBuffer>>;
  /**
   * The same bytes in order, in pieces of at most CHUNK_BYTES, of which no more than two exist at once.
   * @throws GptEdgeError as `read`
   */
  stream(name: string): AsyncIterable<Uint8Array>;
}
