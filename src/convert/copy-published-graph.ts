import { writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { GptEdgeError } from '../core/errors.ts';
import { GRAPH_FILE } from '../core/folder/graph-files.ts';
import type { Manifest } from '../core/folder/manifest.ts';
import { invalidFile } from '../core/invalid-file.ts';
import { MAX_GRAPH_BYTES } from '../core/limits.ts';
import { parseGraph } from '../core/onnx/parse-graph.ts';
import { type ConvertOptions, chooseId, describeOrigin } from './convert-options.ts';
import { copyBytes } from './files/copy-file.ts';
import { readWhole } from './files/read-bounded.ts';
import { writeModelFolder } from './model-folder/write-model-folder.ts';
import type { PublishedGraph } from './sources/model-source.ts';
import { checkValues } from './sources/onnx/check-values.ts';

/**
 * Makes a model folder of a published graph. Graph and external data stay as they are, byte for byte, and a manifest is
 * added. The graph file is renamed to model.onnx; its external data keep the names by which the graph refers to them.
 * @returns the manifest, as written
 * @throws GptEdgeError `invalid_value` for an option that would change weights, `invalid_file` for a number that is not
 *   finite
 */
export async function copyPublishedGraph(published: PublishedGraph, options: ConvertOptions): Promise<Manifest> {
  const { name = published.name } = options;
  const id = chooseId(options, name);
  refuseChanges(options);
  const { files, facts, layout } = published;
  const source = describeOrigin(options.origin ?? name, layout);
  const writeGraph = (folder: string) => copyGraph(published, folder, options);
  return writeModelFolder(options, { files, facts: { id, source, ...facts, pooling: options.pooling }, writeGraph });
}

/** Copies graph and data, and checks the numbers that were copied before anything else is written. */
async function copyGraph({ graphPath, externalData }: PublishedGraph, folder: string, { signal, onProgress }: ConvertOptions) {
  const file = basename(graphPath);
  const fail = (problem: string, cause?: unknown) => invalidFile(file, problem, cause);
  const graph = await readWhole(graphPath, MAX_GRAPH_BYTES, fail);
  await writeFile(join(folder, GRAPH_FILE), graph);
  const totalBytes = [...externalData.values()].reduce((sum, bytes) => sum + bytes, 0);
  let copied = 0;
  for (const [name, bytes] of externalData) {
    signal?.throwIfAborted();
    await copyBytes(join(dirname(graphPath), name), join(folder, name), bytes);
    copied += bytes;
    onProgress?.({ bytes: copied, totalBytes });
  }
  await checkValues(parseGraph(graph, fail), folder, file);
}

function refuseChanges({ embeddings, contextWindow, tokenizer, keepTokens }: ConvertOptions): void {
  if (keepTokens !== undefined)
    throw new GptEdgeError('invalid_value', 'keepTokens: the vocabulary of a published graph stays as it is', { param: 'keepTokens' });
  for (const [param, value] of Object.entries({ embeddings, contextWindow, tokenizer }))
    if (value !== undefined)
      throw new GptEdgeError('invalid_value', `${param} ${value}: graph and weights of a published graph stay as they are`, { param });
}
