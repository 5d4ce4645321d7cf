import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GptEdgeError } from '../core/errors.ts';
import { GRAPH_FILE } from '../core/folder/graph-files.ts';
import { type Manifest, modelIdSchema } from '../core/folder/manifest.ts';
import type { DecoderPlan, GraphContext } from './architectures/architecture.ts';
import { findArchitecture } from './architectures/index.ts';
import { matchTensors } from './architectures/match-tensors.ts';
import { checkVocabulary } from './check-vocabulary.ts';
import type { ConvertOptions } from './convert-options.ts';
import { countParameters } from './count-parameters.ts';
import { defaultDtype } from './default-dtype.ts';
import { describeModel } from './describe-model.ts';
import type { Dtype } from './dtypes/dtype.ts';
import { findDtype } from './dtypes/index.ts';
import { replaceFolder } from './files/replace-folder.ts';
import { EXTERNAL_DATA_FILE, ExternalDataWriter } from './graph/external-data-writer.ts';
import { GraphBuilder } from './graph/graph-builder.ts';
import { kvBytesPerToken } from './kv-bytes-per-token.ts';
import { type ModelSource, readJson } from './sources/hugging-face/hugging-face-folder.ts';
import { copyPublishedGraph } from './sources/onnx/copy-published-graph.ts';
import { openPublishedGraph } from './sources/onnx/open-published-graph.ts';
import { openSource } from './sources/open-source.ts';
import type { SourceTensor } from './tensors/tensor-source.ts';
import { writeManifest } from './write-manifest.ts';

/**
 * Converts a checkpoint into a model folder. The same source and options give the same bytes, whatever the target.
 * @returns the manifest, as written
 * @throws GptEdgeError `invalid_value` for an option, `invalid_file` for a source that contradicts itself, `unsupported_model` for
 *   one that is not implemented; the target is then as it was
 */
export async function convertModel(options: ConvertOptions): Promise<Manifest> {
  checkContextWindow(options.contextWindow);
  const published = await openPublishedGraph(options.source, options.dtype);
  if (published) return copyPublishedGraph(published, checkId(options.id ?? published.name), options);
  const source = await openSource(options.source, options);
  try {
    const id = checkId(options.id ?? source.name);
    const config = readJson(source, 'config.json');
    const architecture = findArchitecture(config);
    const plan = architecture.plan(config, options.contextWindow);
    checkVocabulary(readJson(source, 'tokenizer.json'), plan.shape.vocabularySize);
    const tensors = matchTensors(plan, source.weights);
    const sourceDtype = nameDtype(tensors);
    const dtype = findDtype(options.dtype ?? defaultDtype(tensors.values()), options.embeddings);
    const { multiplyAddsPerToken, shape } = plan;
    const facts = {
      id,
      architecture: architecture.modelType,
      dtype: dtype.name,
      tablesDtype: dtype.tablesName,
      parameters: countParameters(plan),
      ...shape,
      ...describeModel(source),
      kvBytesPerToken: kvBytesPerToken(shape),
      multiplyAddsPerToken,
      source: `${source.name} (${source.layout} in ${sourceDtype})`,
    };
    return await replaceFolder(options.target, options.source, async (folder) => {
      for (const [name, bytes] of source.files) await writeFile(join(folder, name), bytes);
      await writeModel({ ...options, folder, id, source, plan, tensors, dtype });
      return writeManifest(folder, facts);
    });
  } finally {
    await source.weights.close();
  }
}

interface WriteOptions extends Pick<ConvertOptions, 'onProgress' | 'signal'> {
  readonly folder: string;
  readonly id: string;
  readonly source: ModelSource;
  readonly plan: DecoderPlan;
  readonly tensors: ReadonlyMap<string, SourceTensor>;
  readonly dtype: Dtype;
}

/** Writes the graph and its external data. One tensor at a time is in memory. */
async function writeModel({ folder, id, source, plan, tensors, dtype, onProgress, signal }: WriteOptions): Promise<void> {
  const file = await open(join(folder, EXTERNAL_DATA_FILE), 'wx');
  try {
    const graph = new GraphBuilder(id);
    const totalBytes = [...tensors.values()].reduce((sum, tensor) => sum + tensor.bytes, 0);
    let bytes = 0;
    const read: GraphContext['read'] = async (name) => {
      signal?.throwIfAborted();
      const tensor = tensors.get(name)!;
      const values = await source.weights.read(tensor.name);
      bytes += tensor.bytes;
      onProgress?.({ bytes, totalBytes });
      return { shape: tensor.shape, ...values };
    };
    await plan.writeGraph({ graph, data: new ExternalDataWriter(file), dtype, read });
    await writeFile(join(folder, GRAPH_FILE), graph.toBytes());
  } finally {
    await file.close();
  }
}

function checkId(id: string): string {
  const parsed = modelIdSchema.safeParse(id);
  if (parsed.success) return id;
  throw new GptEdgeError('invalid_value', `id ${JSON.stringify(id)}: ${parsed.error.issues[0].message}`, { param: 'id' });
}

function checkContextWindow(contextWindow: number | undefined): void {
  if (contextWindow === undefined || (Number.isSafeInteger(contextWindow) && contextWindow >= 1)) return;
  throw new GptEdgeError('invalid_value', `contextWindow ${contextWindow} is not a positive integer`, { param: 'contextWindow' });
}

/** The checkpoint's element type, or all of them where it mixes. */
function nameDtype(tensors: ReadonlyMap<string, SourceTensor>): string {
  return [...new Set([...tensors.values()].map((tensor) => tensor.dtype))].sort().join('+');
}
