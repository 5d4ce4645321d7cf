import { copyFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { GptEdgeError } from '../core/errors.ts';
import { GRAPH_FILE } from '../core/folder/graph-files.ts';
import type { Manifest } from '../core/folder/manifest.ts';
import { type ConvertOptions, chooseId } from './convert-options.ts';
import { writeModelFolder } from './model-folder/write-model-folder.ts';
import type { PublishedGraph } from './sources/model-source.ts';

/**
 * Makes a model folder of a published graph. Graph and external data stay as they are, byte for byte, and a manifest is
 * added. The graph file is renamed to model.onnx; its external data keep the names by which the graph refers to them.
 * @returns the manifest, as written
 * @throws GptEdgeError `invalid_value` for an option that would change weights
 */
export async function copyPublishedGraph(published: PublishedGraph, options: ConvertOptions): Promise<Manifest> {
  const id = chooseId(options, published);
  refuseChanges(options);
  const { files, facts } = published;
  const writeGraph = (folder: string) => copyGraph(published, folder, options);
  return writeModelFolder(options, { files, facts: { id, ...facts }, writeGraph });
}

async function copyGraph({ graphPath, externalData }: PublishedGraph, folder: string, { signal, onProgress }: ConvertOptions) {
  const totalBytes = [...externalData.values()].reduce((sum, bytes) => sum + bytes, 0);
  await copyFile(graphPath, join(folder, GRAPH_FILE));
  let copied = 0;
  for (const [name, bytes] of externalData) {
    signal?.throwIfAborted();
    await copyFile(join(dirname(graphPath), name), join(folder, name));
    copied += bytes;
    onProgress?.({ bytes: copied, totalBytes });
  }
}

function refuseChanges({ embeddings, contextWindow, tokenizer }: ConvertOptions): void {
  for (const [param, value] of Object.entries({ embeddings, contextWindow, tokenizer }))
    if (value !== undefined)
      throw new GptEdgeError('invalid_value', `${param} ${value}: graph and weights of a published graph stay as they are`, { param });
}
