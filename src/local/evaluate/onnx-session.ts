import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as ort from 'onnxruntime-web/wasm';
import { readWhole } from '../../convert/files/read-bounded.ts';
import { GptEdgeError } from '../../core/errors.ts';
import { externalDataFiles, GRAPH_FILE } from '../../core/folder/graph-files.ts';
import { invalidFile } from '../../core/invalid-file.ts';
import { MAX_GRAPH_BYTES, MAX_WEIGHTS_BYTES } from '../../core/limits.ts';

// One thread, as in a Worker, so that figures do not depend on the machine's number of cores.
ort.env.wasm.numThreads = 1;

export { ort };

/**
 * Opens a model folder's graph in onnxruntime-web inside Node.
 * @throws GptEdgeError `unsupported_model` for a graph that onnxruntime-web refuses
 */
export async function openOnnxSession(folder: string): Promise<ort.InferenceSession> {
  const read = (name: string, maxBytes: number) =>
    readWhole(join(folder, name), maxBytes, (problem, cause) => invalidFile(name, problem, cause));
  const graph = await read(GRAPH_FILE, MAX_GRAPH_BYTES);
  const readData = async (path: string) => ({ path, data: await read(path, MAX_WEIGHTS_BYTES) });
  const externalData = await Promise.all(externalDataFiles(await readdir(folder)).map(readData));
  const options = { executionProviders: ['wasm'], externalData };
  return ort.InferenceSession.create(graph, options).catch((cause: Error) => {
    throw new GptEdgeError('unsupported_model', `onnxruntime-web cannot run ${folder}: ${cause.message}`, { param: 'model', cause });
  });
}
