import { copyFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { GptEdgeError } from '../../../core/errors.ts';
import { GRAPH_FILE } from '../../../core/folder/graph-files.ts';
import type { Manifest } from '../../../core/folder/manifest.ts';
import type { ConvertOptions } from '../../convert-options.ts';
import { replaceFolder } from '../../files/replace-folder.ts';
import { writeManifest } from '../../write-manifest.ts';
import type { PublishedGraph } from './open-published-graph.ts';

/**
 * Makes a model folder of a published graph: graph and external data stay as they are, byte for byte, and a manifest is added. The graph
 * is called model.onnx from then on; its external data keep the names by which it refers to them.
 * @returns the manifest, as written
 * @throws GptEdgeError `invalid_value` for an option that would change weights
 */
export async function copyPublishedGraph(published: PublishedGraph, id: string, options: ConvertOptions): Promise<Manifest> {
  refuseChanges(options);
  const { files, graphPath, externalData, facts } = published;
  const totalBytes = [...externalData.values()].reduce((sum, bytes) => sum + bytes, 0);
  return replaceFolder(options.target, options.source, async (folder) => {
    for (const [name, bytes] of files) await writeFile(join(folder, name), bytes);
    await copyFile(graphPath, join(folder, GRAPH_FILE));
    let copied = 0;
    for (const [name, bytes] of externalData) {
      options.signal?.throwIfAborted();
      await copyFile(join(dirname(graphPath), name), join(folder, name));
      copied += bytes;
      options.onProgress?.({ bytes: copied, totalBytes });
    }
    return writeManifest(folder, { id, ...facts });
  });
}

function refuseChanges({ embeddings, contextWindow, tokenizer }: ConvertOptions): void {
  for (const [param, value] of Object.entries({ embeddings, contextWindow, tokenizer }))
    if (value !== undefined)
      throw new GptEdgeError('invalid_value', `${param} ${value}: graph and weights of a published graph stay as they are`, { param });
}
