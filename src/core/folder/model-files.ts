import type { Manifest } from './manifest.ts';

/**
 * Bytes of a piece of a file that the Worker streams. There are two pieces in memory at the same time: one is used while
 * the next is read. Half a megabyte is still in the processor's cache when it is checked and then used.
 */
export const PIECE_BYTES = 2 ** 19;

/** The files of a model folder, wherever the folder lies. Whatever is read has been checked against the manifest. */
export interface ModelFiles {
  readonly manifest: Manifest;
  /** The version of the folder in a bucket. */
  readonly version?: string;
  /**
   * Reads the whole of one file.
   * @throws GptEdgeError `model_unavailable`, naming a file that is missing or does not match the manifest
   */
  read(name: string): Promise<Uint8Array<ArrayBuffer>>;
  /**
   * Reads one file in order, piece by piece. A piece is lent: it is valid until the next one is asked for. Whoever uses
   * a piece must throw away what came of it if the stream throws, which it does at its end at the latest if a part of
   * the file does not match the manifest.
   * @throws GptEdgeError as `read`
   */
  stream(name: string): AsyncIterable<Uint8Array>;
}
