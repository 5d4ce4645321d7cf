import type { Manifest } from '../core/folder/manifest.ts';
import { countParameters } from './architectures/architecture.ts';
import { findArchitecture } from './architectures/index.ts';
import { matchTensors } from './architectures/match-tensors.ts';
import { type ConvertOptions, checkContextWindow, chooseId } from './convert-options.ts';
import { copyPublishedGraph } from './copy-published-graph.ts';
import { defaultDtype } from './dtypes/default-dtype.ts';
import { findDtype } from './dtypes/index.ts';
import { readJson } from './files/json-files.ts';
import { checkTokenizer } from './model-folder/check-tokenizer.ts';
import { describeModel } from './model-folder/describe-model.ts';
import { withSampling } from './model-folder/with-sampling.ts';
import { writeModelFolder } from './model-folder/write-model-folder.ts';
import { planCheckpoint } from './plan-checkpoint.ts';
import type { Checkpoint } from './sources/model-source.ts';
import { openSource } from './sources/open-source.ts';
import type { SourceTensor } from './tensors/tensor-source.ts';
import { writeDecoder } from './write-decoder.ts';

/**
 * Converts a checkpoint, or a published ONNX graph, into a model folder. The same source and options give the same
 * bytes, whatever the target.
 * @returns the manifest, as written
 * @throws GptEdgeError `invalid_value` for an option, `invalid_file` for a source that contradicts itself,
 *   `unsupported_model` for one that is not implemented. In each case the target is left as it was.
 */
export async function convertModel(options: ConvertOptions): Promise<Manifest> {
  checkContextWindow(options);
  const source = await openSource(options.source, options);
  if (!('weights' in source)) return copyPublishedGraph({ ...source, files: withSampling(source, options) }, options);
  try {
    return await convertCheckpoint({ ...source, files: withSampling(source, options) }, options);
  } finally {
    await source.weights.close();
  }
}

/**
 * Converts a checkpoint. Everything is decided and checked from config.json, the tokenizer and the tensors' shapes
 * before anything is written, so that a long conversion does not fail halfway for a reason that was known before.
 */
async function convertCheckpoint(checkpoint: Checkpoint, options: ConvertOptions): Promise<Manifest> {
  const id = chooseId(options, checkpoint);
  const config = readJson(checkpoint, 'config.json');
  const architecture = findArchitecture(config);
  const plan = await planCheckpoint(architecture, config, checkpoint.weights, options.contextWindow);
  checkTokenizer(checkpoint, plan.shape.vocabularySize);
  const tensors = matchTensors(plan, checkpoint.weights);
  const dtype = findDtype(options.dtype ?? defaultDtype(tensors.values()), options.embeddings);
  const facts = {
    id,
    architecture: architecture.modelType,
    dtype: dtype.name,
    tablesDtype: dtype.tablesName,
    parameters: countParameters(plan),
    ...plan.shape,
    ...describeModel(checkpoint, plan.shape),
    multiplyAddsPerToken: plan.multiplyAddsPerToken,
    source: `${checkpoint.name} (${checkpoint.layout} in ${elementTypes(tensors)})`,
  };
  const writeGraph = (folder: string) => writeDecoder(folder, { id, plan, tensors, dtype, weights: checkpoint.weights }, options);
  return writeModelFolder(options, { files: checkpoint.files, facts, writeGraph });
}

/** The checkpoint's element type, or all of them if it mixes several. */
function elementTypes(tensors: ReadonlyMap<string, SourceTensor>): string {
  return [...new Set([...tensors.values()].map((tensor) => tensor.dtype))].sort().join('+');
}
