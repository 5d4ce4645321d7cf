import type { Manifest } from './manifest.ts';

/** The files of a model folder, wherever it lies. Everything that is read has been checked against the manifest. */
export interface ModelFiles {
  readonly manifest: Manifest;
  /**
   * Reads the whole of one file.
   * @throws GptEdgeError `model_unavailable`, naming a file that is missing or does not match the manifest
   */
  read(name: string): Promise<Uint8Array<ArrayBuffer>>;
  /**
   * Reads one file in order, in chunks of at most CHUNK_BYTES, of which no more than two exist at the same time.
   * @throws GptEdgeError as `read`
   */
  stream(name: string): AsyncIterable<Uint8Array>;
}
