import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { countParameters } from '../../convert/architectures/architecture.ts';
import { findArchitecture } from '../../convert/architectures/index.ts';
import { readJson } from '../../convert/files/json-files.ts';
import { describeModel } from '../../convert/model-folder/describe-model.ts';
import type { Checkpoint, PublishedGraph } from '../../convert/sources/model-source.ts';
import { openSource } from '../../convert/sources/open-source.ts';
import { GRAPH_FILE } from '../../core/folder/graph-files.ts';
import { describeDtype, folderBytes } from '../../core/folder/manifest.ts';
import { DEFAULT_MEMORY_LIMIT_MB, inMegabytes, type MemoryPlan } from '../../core/memory-plan.ts';
import { kernelVariant } from '../../local/compiled-kernels.ts';
import { DiskModelFiles } from '../../local/disk-model-files.ts';
import { openModelFolder } from '../../local/model-folder.ts';
import { planEngine } from '../../runtime/plan-engine.ts';
import type { EngineOptions } from '../options.ts';
import { describeWindow } from '../print-plans.ts';
import { printColumns } from '../printing/print-table.ts';
import { graphWeights } from './graph-weights.ts';
import { printAdapters } from './print-adapters.ts';
import { printEdgePlan } from './print-edge-plan.ts';
import { type ModelFacts, printFacts } from './print-facts.ts';
import { printTensorGroups } from './print-tensors.ts';

export interface InspectOptions extends EngineOptions {
  /** Also print the edge engine's plan, step by step. */
  plan?: boolean;
}

/** Prints what is known of a model folder, or of a checkpoint that could be converted into one. */
export async function inspect(path: string, options: InspectOptions = {}): Promise<void> {
  const isModelFolder = (await stat(join(path, 'manifest.json')).catch(() => null)) !== null;
  await (isModelFolder ? inspectModelFolder(path, options) : inspectSource(path));
}

async function inspectModelFolder(
  path: string,
  { plan: showPlan, kvCache: cacheFormat = 'auto', context: contextWindow }: InspectOptions,
): Promise<void> {
  const folder = await openModelFolder(path);
  const { manifest } = folder;
  printFacts({ ...manifest, storedAs: describeDtype(manifest), bytes: folderBytes(manifest) });
  console.log('\nWeights');
  printTensorGroups(await graphWeights(join(path, GRAPH_FILE)));
  await printAdapters(folder);
  const choice = { engine: 'auto', cacheFormat, contextWindow } as const;
  const planned = await planEngine(new DiskModelFiles(folder), choice, DEFAULT_MEMORY_LIMIT_MB * 1e6);
  console.log(`\nMemory in a Worker with the ${planned.engine} engine, for one sequence that fills the context window`);
  const window = describeWindow(planned, manifest.contextWindow, DEFAULT_MEMORY_LIMIT_MB);
  if (window !== undefined) console.log(`${window}.`);
  if (planned.engine === 'ort') console.log(planned.reason);
  printMemoryPlan(planned.memory);
  console.log(`\nKernels in this Node: ${kernelVariant()}`);
  if (showPlan && planned.engine === 'edge') printEdgePlan(planned.plan);
}

/** Prints what a model needs in a Worker, and how much of an isolate's memory is left. */
function printMemoryPlan(plan: MemoryPlan): void {
  const { parts, total } = inMegabytes(plan);
  const left = DEFAULT_MEMORY_LIMIT_MB - Number.parseFloat(total);
  printColumns([
    ...parts.map(({ name, megabytes }) => [name, megabytes]),
    ['total', total],
    [
      `of ${DEFAULT_MEMORY_LIMIT_MB} MB`,
      left >= 0 ? `${left.toFixed(1)} MB are left` : `${(-left).toFixed(1)} MB too much: it does not fit in a Worker`,
    ],
  ]);
}

async function inspectSource(path: string): Promise<void> {
  const source = await openSource(path);
  await ('weights' in source ? inspectCheckpoint(source) : inspectPublishedGraph(source));
  console.log('\nThis is not a model folder yet. Make one with gpt-edge convert; inspect then shows what it needs in a Worker.');
}

async function inspectPublishedGraph({ name, graphPath, externalData, layout, facts }: PublishedGraph): Promise<void> {
  const bytes = [...externalData.values()].reduce((sum, size) => sum + size, (await stat(graphPath)).size);
  printFacts({ ...facts, id: name, source: layout, storedAs: describeDtype(facts), bytes });
  console.log('\nWeights');
  printTensorGroups(await graphWeights(graphPath));
}

async function inspectCheckpoint(source: Checkpoint): Promise<void> {
  try {
    const config = readJson(source, 'config.json');
    const architecture = findArchitecture(config);
    const plan = architecture.plan(config);
    const tensors = [...source.weights.tensors.values()];
    const facts: ModelFacts = {
      ...plan.shape,
      ...describeModel(source, plan.shape),
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
