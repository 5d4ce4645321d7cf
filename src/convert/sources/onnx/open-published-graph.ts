import { basename, dirname, join, resolve } from 'node:path';
import { GptEdgeError } from '../../../core/errors.ts';
import type { Manifest } from '../../../core/folder/manifest.ts';
import { checkVocabulary } from '../../check-vocabulary.ts';
import { describeModel } from '../../describe-model.ts';
import { dtypeNames } from '../../dtypes/index.ts';
import { readGraph } from '../../graph/read-graph.ts';
import { kvBytesPerToken } from '../../kv-bytes-per-token.ts';
import { readFolderFiles } from '../hugging-face/folder-files.ts';
import { readJson } from '../hugging-face/hugging-face-folder.ts';
import { checkDecoder } from './check-decoder.ts';
import { checkExternalData } from './check-external-data.ts';
import { checkRotaryPositions } from './check-rotary-positions.ts';
import { countWeights } from './count-weights.ts';
import { findGraphFile } from './find-graph-file.ts';
import { publishedShape } from './published-shape.ts';

/** A decoder that was published as an ONNX graph, checked and described; none of its weights has been read. */
export interface PublishedGraph {
  /** The last part of the folder's path. */
  readonly name: string;
  /** Files to be copied that were read already, by name. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly graphPath: string;
  /** Files that the graph takes weights from, with their bytes; they lie beside it. */
  readonly externalData: ReadonlyMap<string, number>;
  readonly facts: Omit<Manifest, 'format' | 'id' | 'files'>;
}

/**
 * Opens a folder as transformers.js and ONNX Runtime's model builder lay it out: config.json, tokenizer files, and model.onnx or
 * onnx/model*.onnx with its external data. Sizes are the graph's; config.json says the rest.
 * @param dtype chooses among several graphs
 * @returns undefined for what is no such folder
 * @throws GptEdgeError `invalid_value` for a dtype that is not there, `invalid_file` for a folder that contradicts itself,
 *   `unsupported_model` for a graph that is no decoder as the engine runs them
 */
export async function openPublishedGraph(folder: string, dtype?: string): Promise<PublishedGraph | undefined> {
  const file = await findGraphFile(folder, dtype);
  if (file === undefined) return undefined;
  const files = await readFolderFiles(folder);
  const graphPath = join(folder, file);
  const graph = await readGraph(graphPath);
  const { modelType, ...shape } = publishedShape(checkDecoder(graph, file), readJson({ files }, 'config.json'));
  checkRotaryPositions(graph, shape.contextWindow, file);
  checkVocabulary(readJson({ files }, 'tokenizer.json'), shape.vocabularySize);
  const counts = countWeights(graph);
  checkDtype(file, counts.dtype, dtype);
  const name = basename(resolve(folder));
  const facts = {
    architecture: modelType,
    ...counts,
    ...shape,
    ...describeModel({ files }),
    kvBytesPerToken: kvBytesPerToken(shape),
    source: `${name} (ONNX graph ${file}, as it is)`,
  };
  return { name, files, graphPath, externalData: await checkExternalData(graph, dirname(graphPath), file), facts };
}

/** A file that is called model.onnx may hold anything, and is not converted into what was asked for. */
function checkDtype(file: string, held: string, asked: string | undefined): void {
  if (asked === undefined || asked === held || basename(file) !== 'model.onnx' || !dtypeNames.includes(asked)) return;
  const message = `dtype ${asked}: ${file} holds ${held}, and the weights of a published graph stay as they are`;
  throw new GptEdgeError('invalid_value', message, { param: 'dtype' });
}
