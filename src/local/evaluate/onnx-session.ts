import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as ort from 'onnxruntime-web/wasm';
import { GptEdgeError } from '../../core/errors.ts';
import { externalDataFiles, GRAPH_FILE } from '../../core/folder/graph-files.ts';

// One thread, as in a Worker, so that figures do not depend on the machine's number of cores.
ort.env.wasm.numThreads = 1;

export { ort };

/**
 * Opens a model folder's graph in onnxruntime-web inside Node.
 * @throws GptEdgeError `unsupported_model` for a graph that onnxruntime-web refuses
 */
export async function openOnnxSession(folder: string): Promise<ort.InferenceSession> {
  const graph = await readFile(join(folder, GRAPH_FILE));
  const readData = async (path: string) => ({ path, data: await readFile(join(folder, path)) });
  const externalData = await Promise.all(externalDataFiles(await readdir(folder)).map(readData));
  const options = { executionProviders: ['wasm'], externalData };
  return ort.InferenceSession.create(graph, options).catch((cause: Error) => {
    throw new GptEdgeError('unsupported_model', `onnxruntime-web cannot run ${folder}: ${cause.message}`, { param: 'model', cause });
  });
}
