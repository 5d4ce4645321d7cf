import type { Manifest } from '../core/folder/manifest.ts';
import { type Architecture, countParameters } from './architectures/architecture.ts';
import { findArchitecture } from './architectures/index.ts';
import { matchTensors } from './architectures/match-tensors.ts';
import { type ConvertOptions, checkContextWindow, chooseId, describeOrigin, type Settings } from './convert-options.ts';
import { copyPublishedGraph } from './copy-published-graph.ts';
import { cutVocabulary } from './cut-vocabulary.ts';
import { draftDecoder, quantizeNothing } from './draft-decoder.ts';
import { defaultDtype } from './dtypes/default-dtype.ts';
import { findDtype } from './dtypes/index.ts';
import { readJson } from './files/json-files.ts';
import { checkTokenizer } from './model-folder/check-tokenizer.ts';
import { describeModel } from './model-folder/describe-model.ts';
import { fitVocabulary } from './model-folder/fit-vocabulary.ts';
import { withSampling } from './model-folder/with-sampling.ts';
import { writeModelFolder } from './model-folder/write-model-folder.ts';
import { type DecoderPlanner, planCheckpoint } from './plan-checkpoint.ts';
import type { RowQuantizer } from './quantize/quantize-rows.ts';
import { refuseQuantized } from './sources/hugging-face/refuse-folder.ts';
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
async function convertCheckpoint(whole: Checkpoint, options: ConvertOptions): Promise<Manifest> {
  const { name = whole.name, keepTokens } = options;
  const id = chooseId(options, name);
  refuseQuantized(readJson(whole, 'config.json'));
  const architecture = findArchitecture(readJson(whole, 'config.json'));
  const source = keepTokens === undefined ? whole : cutVocabulary(whole, architecture, keepTokens);
  const config = readJson(source, 'config.json');
  const planner = await planCheckpoint(architecture, config, source.weights);
  const { vocabularySize, contextWindow } = planner(options.contextWindow).shape;
  const checkpoint = { ...source, files: fitVocabulary(source, vocabularySize, options.onNote) };
  checkTokenizer(checkpoint, vocabularySize);
  const prepare = (settings: Settings, quantize?: RowQuantizer) =>
    prepareDecoder(checkpoint, { id, architecture, planner, origin: options.origin ?? name }, settings, quantize);
  const { decoder } = prepare(options);
  const draft = (settings: Settings) => {
    const { decoder, facts } = prepare(settings, quantizeNothing);
    return draftDecoder(decoder, checkpoint, facts);
  };
  const settings = (await options.chooseSettings?.({ id, dtype: decoder.dtype.name, contextWindow, draft })) ?? options;
  const chosen = prepare(settings);
  const writeGraph = (folder: string) => writeDecoder(folder, { ...chosen.decoder, weights: checkpoint.weights }, options);
  return writeModelFolder(options, { files: checkpoint.files, facts: { ...chosen.facts, pooling: options.pooling }, writeGraph });
}

/** What is known of a checkpoint's decoder before it is decided how it is stored. */
interface KnownDecoder {
  readonly id: string;
  readonly architecture: Architecture;
  readonly planner: DecoderPlanner;
  readonly origin: string;
}

/** Decides how a decoder is stored, and what its manifest states. */
function prepareDecoder(
  checkpoint: Checkpoint,
  { id, architecture, planner, origin }: KnownDecoder,
  { dtype: asked, embeddings, contextWindow }: Settings,
  quantize?: RowQuantizer,
) {
  const plan = planner(contextWindow);
  const tensors = matchTensors(plan, checkpoint.weights);
  const dtype = findDtype(asked ?? defaultDtype(tensors.values()), embeddings, quantize);
  const facts = {
    id,
    architecture: architecture.modelType,
    dtype: dtype.name,
    tablesDtype: dtype.tablesName,
    parameters: countParameters(plan),
    ...plan.shape,
    ...describeModel(checkpoint, plan.shape),
    multiplyAddsPerToken: plan.multiplyAddsPerToken,
    source: describeOrigin(origin, `${checkpoint.layout} in ${elementTypes(tensors)}`),
  };
  return { decoder: { id, plan, tensors, dtype }, facts };
}

/** The checkpoint's element type, or all of them if it mixes several. */
function elementTypes(tensors: ReadonlyMap<string, SourceTensor>): string {
  return [...new Set([...tensors.values()].map((tensor) => tensor.dtype))].sort().join('+');
}
