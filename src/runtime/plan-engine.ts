import { GptEdgeError } from '../core/errors.ts';
import type { ModelFiles } from '../core/folder/model-files.ts';
import { describeMemoryPlan, type MemoryPlan } from '../core/memory-plan.ts';
import { readModelGraph } from './edge/graph/read-model-graph.ts';
import type { CacheFormat } from './edge/plan/cache-format.ts';
import { planEdgeMemory } from './edge/plan/plan-edge-memory.ts';
import { type EdgePlan, planGraph } from './edge/plan/plan-graph.ts';
import type { EngineChoice } from './engine-choice.ts';
import { planOrtMemory } from './ort/plan-ort-memory.ts';

/** How a model will be run, and the memory that it needs. */
export type EnginePlan =
  | { readonly engine: 'edge'; readonly plan: EdgePlan; readonly memory: MemoryPlan }
  | {
      readonly engine: 'ort';
      readonly memory: MemoryPlan;
      /** Why the edge engine cannot run the graph, if `auto` was asked for. */
      readonly reason?: string;
    };

/**
 * Chooses a model's engine and the format of its KV cache. No weights are read.
 * @param limitBytes what the isolate may hold: `auto` keeps the cache in float32 if the plan then fits
 * @throws GptEdgeError `unsupported_model` if `edge` is asked for and cannot run the graph; `model_unavailable` for a
 *   file that is missing or damaged
 * @example
 * const plan = await planEngine(files, { engine: 'auto', cacheFormat: 'auto' }, 128e6);
 * console.log(plan.engine, plan.memory.totalBytes);
 */
export async function planEngine(files: ModelFiles, choice: EngineChoice, limitBytes: number): Promise<EnginePlan> {
  const { manifest } = files;
  if (choice.engine === 'ort') return { engine: 'ort', memory: planOrtMemory(manifest) };
  try {
    return await planEdge(files, choice.cacheFormat, limitBytes);
  } catch (error) {
    const isUnsupported = error instanceof GptEdgeError && error.code === 'unsupported_model';
    if (choice.engine === 'edge' || !isUnsupported) throw error;
    return { engine: 'ort', memory: planOrtMemory(manifest), reason: error.message };
  }
}

async function planEdge(files: ModelFiles, cacheFormat: EngineChoice['cacheFormat'], limitBytes: number): Promise<EnginePlan> {
  const { contextWindow, vocabularySize } = files.manifest;
  const graph = await readModelGraph(files);
  const planWith = (format: CacheFormat): EnginePlan => {
    const plan = planGraph(graph, { contextWindow, vocabularySize, cacheFormat: format });
    return { engine: 'edge', plan, memory: planEdgeMemory(plan, files.manifest) };
  };
  if (cacheFormat !== 'auto') return planWith(cacheFormat);
  const precise = planWith('f32');
  return precise.memory.totalBytes <= limitBytes ? precise : planWith('q8');
}

/**
 * Checks that a planned model fits into an isolate.
 * @param limitBytes what the isolate may hold
 * @throws GptEdgeError `memory_limit_exceeded`, with what each part needs, if the plan needs more
 */
export function checkMemory(model: string, { memory }: EnginePlan, limitBytes: number): void {
  if (memory.totalBytes <= limitBytes) return;
  throw new GptEdgeError(
    'memory_limit_exceeded',
    `${model} needs ${describeMemoryPlan(memory)}. That is over the limit of ${limitBytes / 1e6} MB (MEMORY_LIMIT_MB). Fewer bits (--dtype) or a shorter context window (--context) make it smaller.`,
    { param: 'model' },
  );
}
