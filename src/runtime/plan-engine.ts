import { GptEdgeError } from '../core/errors.ts';
import type { Manifest } from '../core/folder/manifest.ts';
import type { ModelFiles } from '../core/folder/model-files.ts';
import { describeMemoryPlan, type MemoryPlan } from '../core/memory-plan.ts';
import { checkManifest } from './check-manifest.ts';
import { type ModelGraph, modelGraph, readGraphFile } from './edge/graph/model-graph.ts';
import type { CacheFormat } from './edge/plan/cache-shape.ts';
import { planEdgeMemory } from './edge/plan/plan-edge-memory.ts';
import { type EdgePlan, planGraph } from './edge/plan/plan-graph.ts';
import type { EngineChoice } from './engine-choice.ts';
import { planOrtMemory } from './ort/plan-ort-memory.ts';

/** How a model will be run, and what memory that needs. */
export type EnginePlan =
  | { readonly engine: 'edge'; readonly plan: EdgePlan; readonly memory: MemoryPlan }
  | {
      readonly engine: 'ort';
      readonly memory: MemoryPlan;
      /** Why the edge engine cannot run the model. Absent if `ort` was asked for. */
      readonly reason?: string;
    };

/**
 * Chooses the engine of a model and the format of its KV cache. Only the graph and
 * config.json are read, and no weights. What the manifest states is checked against them.
 * @param limitBytes bytes that an isolate may hold. With the cache format `auto`, float32 is taken if the plan stays
 *   within it
 * @throws GptEdgeError `unsupported_model` if the edge engine was asked for and cannot run the graph,
 *   `model_unavailable` for a missing or damaged file, or a manifest that states what is not so
 * @example
 * const files = await R2ModelFiles.open(env.MODELS, 'tinystories-gpt2');
 * const planned = await planEngine(files, { engine: 'auto', cacheFormat: 'auto' }, 128e6);
 * console.log(planned.engine, planned.memory.totalBytes);
 * const decoder = await createDecoder(files, planned, kernels, 128e6);
 */
export async function planEngine(files: ModelFiles, choice: EngineChoice, limitBytes: number): Promise<EnginePlan> {
  const { manifest } = files;
  const [graph, config] = await Promise.all([
    readGraphFile(files),
    'config.json' in manifest.files ? files.read('config.json') : undefined,
  ]);
  checkManifest(manifest, graph, config);
  if (choice.engine === 'ort') return { engine: 'ort', memory: planOrtMemory(manifest) };
  try {
    return planEdge(modelGraph(graph), manifest, choice.cacheFormat, limitBytes);
  } catch (error) {
    const isUnsupported = error instanceof GptEdgeError && error.code === 'unsupported_model';
    if (choice.engine === 'edge' || !isUnsupported) throw error;
    return { engine: 'ort', memory: planOrtMemory(manifest), reason: error.message };
  }
}

function planEdge(graph: ModelGraph, manifest: Manifest, cacheFormat: EngineChoice['cacheFormat'], limitBytes: number): EnginePlan {
  const { contextWindow, vocabularySize } = manifest;
  const planWith = (format: CacheFormat): EnginePlan => {
    const plan = planGraph(graph, { contextWindow, vocabularySize, cacheFormat: format });
    return { engine: 'edge', plan, memory: planEdgeMemory(plan, manifest) };
  };
  if (cacheFormat !== 'auto') return planWith(cacheFormat);
  const precise = planWith('f32');
  return precise.memory.totalBytes <= limitBytes ? precise : planWith('q8');
}

/**
 * Checks that a planned model fits into an isolate.
 * @param limitBytes bytes that the isolate may hold
 * @throws GptEdgeError `memory_limit_exceeded`, naming the parts of the plan and their sum, if it needs more
 */
export function checkMemory(model: string, { memory }: EnginePlan, limitBytes: number): void {
  if (memory.totalBytes <= limitBytes) return;
  throw new GptEdgeError(
    'memory_limit_exceeded',
    `${model} needs ${describeMemoryPlan(memory)}. That is over the limit of ${limitBytes / 1e6} MB (MEMORY_LIMIT_MB). Fewer bits (--dtype) or a shorter context window (--context) make it smaller.`,
    { param: 'model' },
  );
}
