import type { Manifest } from './manifest.ts';

/** A model folder, wherever it lies. What it hands out has been checked against the manifest. */
export interface ModelFiles {
  readonly manifest: Manifest;
  /**
   * The whole of one file.
   * @throws GptEdgeError `model_unavailable`, naming a file that is missing or does not match the manifest
   */
  read(name: string): Promise<Uint8Array<ArrayBuffer>>;
}
