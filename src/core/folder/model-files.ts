import type { Manifest } from './manifest.ts';

/** How many chunks of a file that is streamed are in memory at the same time: one is used while the next is read. */
export const STREAMED_CHUNKS = 2;

/** The files of a model folder, wherever the folder lies. Whatever is read has been checked against the manifest. */
export interface ModelFiles {
  readonly manifest: Manifest;
  /**
   * Reads the whole of one file.
   * @throws GptEdgeError `model_unavailable`, naming a file that is missing or does not match the manifest
   */
  read(name: string): Promise<Uint8Array<ArrayBuffer>>;
  /**
   * Reads one file in order, in chunks of at most CHUNK_BYTES, of which STREAMED_CHUNKS exist at the same time. A chunk
   * is lent: it is valid until the next one is asked for.
   * @throws GptEdgeError as `read`
   */
  stream(name: string): AsyncIterable<Uint8Array>;
}
