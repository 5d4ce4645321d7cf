import { basename, dirname, join, resolve } from 'node:path';
import { GptEdgeError } from '../../../core/errors.ts';
import { countWeights } from '../../../core/onnx/count-weights.ts';
import { dtypeNames } from '../../dtypes/index.ts';
import { readJson } from '../../files/json-files.ts';
import { readGraph } from '../../files/read-graph.ts';
import { checkTokenizer } from '../../model-folder/check-tokenizer.ts';
import { describeModel } from '../../model-folder/describe-model.ts';
import { readFolderFiles } from '../hugging-face/folder-files.ts';
import type { PublishedGraph } from '../model-source.ts';
import { checkDecoder } from './check-decoder.ts';
import { checkExternalData } from './check-external-data.ts';
import { checkRotaryPositions } from './check-rotary-positions.ts';
import { publishedShape } from './published-shape.ts';

/**
 * Opens an ONNX graph in a folder as transformers.js or ONNX Runtime's model builder lays it out: config.json,
 * tokenizer files, and the graph with its external data. Sizes are read from the graph, and everything else from
 * config.json.
 * @param file the graph's path within the folder, as findGraphFile gives it
 * @param dtype the dtype that was asked for; a graph that holds another one is refused
 * @throws GptEdgeError `invalid_value` if the graph does not hold the dtype, `invalid_file` for a folder that
 *   contradicts itself, `unsupported_model` for a graph that is not a decoder as the engines run it
 */
export async function openPublishedGraph(folder: string, file: string, dtype?: string): Promise<PublishedGraph> {
  const files = await readFolderFiles(folder);
  const graphPath = join(folder, file);
  const graph = await readGraph(graphPath);
  const { modelType, ...shape } = publishedShape(checkDecoder(graph, file), readJson({ files }, 'config.json'));
  checkRotaryPositions(graph, shape.contextWindow, file);
  checkTokenizer({ files }, shape.vocabularySize);
  const counts = countWeights(graph);
  checkDtype(file, counts.dtype, dtype);
  const name = basename(resolve(folder));
  const facts = {
    architecture: modelType,
    ...counts,
    ...shape,
    ...describeModel({ files }, shape),
  };
  return {
    name,
    files,
    graphPath,
    layout: `ONNX graph ${file}, as it is`,
    externalData: await checkExternalData(graph, dirname(graphPath), file),
    facts,
  };
}

/**
 * A file called model.onnx may hold any dtype. It is not converted, so the graph is refused if it holds a dtype other
 * than the one that was asked for.
 */
function checkDtype(file: string, held: string, asked: string | undefined): void {
  if (asked === undefined || asked === held || basename(file) !== 'model.onnx' || !dtypeNames.includes(asked)) return;
  const message = `dtype ${asked}: ${file} holds ${held}, and the weights of a published graph stay as they are`;
  throw new GptEdgeError('invalid_value', message, { param: 'dtype' });
}
