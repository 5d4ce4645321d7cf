import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { findArchitecture } from '../../convert/architectures/index.ts';
import { countParameters } from '../../convert/count-parameters.ts';
import { describeModel } from '../../convert/describe-model.ts';
import { readJson } from '../../convert/sources/hugging-face/hugging-face-folder.ts';
import { openPublishedGraph, type PublishedGraph } from '../../convert/sources/onnx/open-published-graph.ts';
import { openSource } from '../../convert/sources/open-source.ts';
import { GRAPH_FILE } from '../../core/folder/graph-files.ts';
import { describeDtype, folderBytes } from '../../core/folder/manifest.ts';
import { DEFAULT_MEMORY_LIMIT_MB } from '../../core/memory-plan.ts';
import { DiskModelFiles } from '../../local/disk-model-files.ts';
import { openModelFolder } from '../../local/model-folder.ts';
import type { EngineChoice } from '../../runtime/engine-choice.ts';
import { planEngine } from '../../runtime/plan-engine.ts';
import { graphWeights } from '../inspect/graph-weights.ts';
import { printEdgePlan } from '../inspect/print-edge-plan.ts';
import { type Facts, printFacts } from '../inspect/print-facts.ts';
import { printMemoryPlan } from '../inspect/print-memory-plan.ts';
import { printTensorGroups } from '../inspect/tensor-group.ts';

/** Prints what is known of a model folder, or of a checkpoint that could be converted into one. */
export interface InspectOptions {
  plan?: boolean;
  kvCache?: EngineChoice['cacheFormat'];
}

export async function inspect(path: string, options: InspectOptions = {}): Promise<void> {
  const isModelFolder = (await stat(join(path, 'manifest.json')).catch(() => null)) !== null;
  await (isModelFolder ? inspectModelFolder(path, options) : inspectSource(path));
}

async function inspectModelFolder(path: string, { plan: showPlan, kvCache = 'auto' }: InspectOptions): Promise<void> {
  const folder = await openModelFolder(path);
  const { manifest } = folder;
  printFacts({ ...manifest, storedAs: describeDtype(manifest), bytes: folderBytes(manifest) });
  console.log('\nWeights');
  printTensorGroups(await graphWeights(join(path, GRAPH_FILE)));
  const planned = await planEngine(new DiskModelFiles(folder), { engine: 'auto', cacheFormat: kvCache }, DEFAULT_MEMORY_LIMIT_MB * 1e6);
  console.log(`\nMemory in a Worker on the engine ${planned.engine}, for one sequence of the whole context window`);
  if (planned.engine === 'ort') console.log(planned.reason);
  printMemoryPlan(planned.memory);
  if (showPlan && planned.engine === 'edge') printEdgePlan(planned.plan);
}

async function inspectSource(path: string): Promise<void> {
  const published = await openPublishedGraph(path);
  await (published ? inspectPublishedGraph(published) : inspectCheckpoint(path));
  console.log('\nThis is no model folder yet: gpt-edge convert makes one, and inspect then shows what it needs in a Worker.');
}

async function inspectPublishedGraph({ name, graphPath, externalData, facts }: PublishedGraph): Promise<void> {
  const bytes = [...externalData.values()].reduce((sum, size) => sum + size, (await stat(graphPath)).size);
  printFacts({ ...facts, id: name, storedAs: describeDtype(facts), bytes });
  console.log('\nWeights');
  printTensorGroups(await graphWeights(graphPath));
}

async function inspectCheckpoint(path: string): Promise<void> {
  const source = await openSource(path);
  try {
    const config = readJson(source, 'config.json');
    const architecture = findArchitecture(config);
    const plan = architecture.plan(config);
    const tensors = [...source.weights.tensors.values()];
    const facts: Facts = {
      ...plan.shape,
      ...describeModel(source),
      id: source.name,
      architecture: architecture.modelType,
      parameters: countParameters(plan),
      multiplyAddsPerToken: plan.multiplyAddsPerToken,
      storedAs: [...new Set(tensors.map(({ dtype }) => dtype))].join(', '),
      bytes: tensors.reduce((sum, tensor) => sum + tensor.bytes, 0),
      source: source.layout,
    };
    printFacts(facts);
    console.log('\nTensors');
    printTensorGroups(tensors.map((tensor) => ({ ...tensor, type: tensor.dtype })));
  } finally {
    await source.weights.close();
  }
}
