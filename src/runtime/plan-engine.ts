import { GptEdgeError } from '../core/errors.ts';
import { adapterFiles, adapterNames } from '../core/folder/adapter-files.ts';
import type { Manifest } from '../core/folder/manifest.ts';
import type { ModelFiles } from '../core/folder/model-files.ts';
import { describeMemoryPlan } from '../core/memory-plan.ts';
import { visitEventLoop } from '../core/visit-event-loop.ts';
import { checkManifest } from './check-manifest.ts';
import { type ModelGraph, modelGraph, readGraphFile } from './edge/graph/model-graph.ts';
import type { CacheFormat } from './edge/plan/cache-shape.ts';
import { planEdgeMemory } from './edge/plan/plan-edge-memory.ts';
import { type EdgePlan, planGraph, withWindow } from './edge/plan/plan-graph.ts';
import type { EngineChoice } from './engine-choice.ts';
import { fitWindow, type PlannedWindow, type WindowChoice } from './fit-window.ts';
import { planOrtMemory } from './ort/plan-ort-memory.ts';

/**
 * How a model will be run, how long a sequence may be, and what memory that needs. The context window is the model's
 * own, or else as much of it as was asked for, or as fits.
 */
export type EnginePlan = PlannedWindow &
  WindowReason &
  (
    | { readonly engine: 'edge'; readonly plan: EdgePlan }
    | {
        readonly engine: 'ort';
        /** Why the edge engine cannot run the model. Absent if `ort` was asked for. */
        readonly reason?: string;
      }
  );

/** Why a plan has the context window that it has. */
interface WindowReason {
  /** Whether it was asked for. */
  readonly isWindowChosen: boolean;
  /** The longest context window that fits, if more was asked for and less would do. */
  readonly fittingWindow?: number;
}

/** A shorter context window on onnxruntime-web, which has no blocks, is a multiple of this. */
const ORT_WINDOW_STEP = 128;

/**
 * Chooses the engine of a model, the format of its KV cache, and the context window that is served. Only the graph and
 * config.json are read, and no weights. What the manifest states is checked against them.
 * @param limitBytes bytes that an isolate may hold. If the whole context window does not fit into it, as much is taken
 *   as does; a window that was asked for is planned as it is. With the cache format `auto`, float32 is taken if the
 *   window fits with it
 * @throws GptEdgeError `unsupported_model` if the edge engine was asked for and cannot run the graph,
 *   `model_unavailable` for a missing or damaged file, a manifest that states what is not so, or more positions asked
 *   for than the model has
 * @example
 * const files = await R2ModelFiles.open(env.MODELS, 'tinystories-gpt2');
 * const planned = await planEngine(files, { engine: 'auto', cacheFormat: 'auto' }, 128e6);
 * console.log(planned.engine, planned.contextWindow, planned.memory.totalBytes);
 * const decoder = await createDecoder(files, planned, kernels, 128e6);
 */
export async function planEngine(files: ModelFiles, choice: EngineChoice, limitBytes: number): Promise<EnginePlan> {
  const { manifest } = files;
  const [graph, config] = await Promise.all([
    readGraphFile(files),
    'config.json' in manifest.files ? files.read('config.json') : undefined,
  ]);
  await visitEventLoop();
  checkManifest(manifest, graph, config);
  checkChosenWindow(manifest, choice);
  if (choice.engine === 'ort') return planOrt(manifest, choice, limitBytes);
  try {
    return planEdge(modelGraph(graph), manifest, choice, limitBytes);
  } catch (error) {
    const isUnsupported = error instanceof GptEdgeError && error.code === 'unsupported_model';
    if (choice.engine === 'edge' || !isUnsupported) throw error;
    return planOrt(manifest, choice, limitBytes, error.message);
  }
}

function checkChosenWindow({ id, contextWindow: own }: Manifest, { contextWindow: chosen = own }: EngineChoice): void {
  if (chosen <= own) return;
  throw new GptEdgeError('model_unavailable', `${id} has a context window of ${own} tokens, and CONTEXT asks for ${chosen}.`, {
    param: 'model',
  });
}

function planEdge(graph: ModelGraph, manifest: Manifest, choice: EngineChoice, limitBytes: number): EnginePlan {
  const { vocabularySize, contextWindow: own } = manifest;
  const adapterBytes = Math.max(0, ...adapterSizes(manifest));
  const inFormat = (cacheFormat: CacheFormat) => () => {
    const whole = planGraph(graph, { contextWindow: choice.contextWindow ?? own, vocabularySize, cacheFormat, adapterBytes });
    const planFor = (contextWindow: number) => {
      const plan = withWindow(whole, contextWindow);
      return { engine: 'edge' as const, plan, contextWindow, memory: planEdgeMemory(plan, manifest) };
    };
    return { step: whole.cache.blockPositions, planFor };
  };
  const formats = choice.cacheFormat === 'auto' ? (['f32', 'q8'] as const) : [choice.cacheFormat];
  return chooseWindow(formats.map(inFormat), manifest, choice, limitBytes);
}

/** Bytes that each of a model's adapters takes in memory, which are those of its file. */
export function adapterSizes({ files }: Pick<Manifest, 'files'>): number[] {
  return adapterNames(files).map((name) => files[adapterFiles(name)!.weights].bytes);
}

function planOrt(manifest: Manifest, choice: EngineChoice, limitBytes: number, reason?: string): EnginePlan {
  const planFor = (contextWindow: number) => ({
    engine: 'ort' as const,
    reason,
    contextWindow,
    memory: planOrtMemory(manifest, contextWindow),
  });
  return chooseWindow([() => ({ step: ORT_WINDOW_STEP, planFor })], manifest, choice, limitBytes);
}

/**
 * Takes the first of several ways to run a model in which its whole context window fits, or the one that was asked for.
 * If there is none, it is the last way, with as much of the window as fits, unless a window was asked for.
 */
function chooseWindow<T extends PlannedWindow>(
  [makeWay, ...others]: readonly (() => WindowChoice<T>)[],
  manifest: Manifest,
  choice: EngineChoice,
  limitBytes: number,
): T & WindowReason {
  const { contextWindow: chosen } = choice;
  const own = chosen ?? manifest.contextWindow;
  const isWindowChosen = chosen !== undefined;
  const way = makeWay();
  const plan = way.planFor(own);
  const fits = ({ memory }: PlannedWindow) => memory.totalBytes <= limitBytes;
  if (fits(plan)) return { ...plan, isWindowChosen };
  if (others.length > 0) return chooseWindow(others, manifest, choice, limitBytes);
  const fitting = fitWindow(way, { own, limitBytes });
  if (!isWindowChosen) return { ...fitting, isWindowChosen };
  return { ...plan, isWindowChosen, fittingWindow: fits(fitting) ? fitting.contextWindow : undefined };
}

/**
 * Checks that a planned model fits into an isolate.
 * @param limitBytes bytes that the isolate may hold
 * @throws GptEdgeError `memory_limit_exceeded`, naming the parts of the plan and their sum, if it needs more
 */
export function checkMemory(model: string, { memory, fittingWindow }: EnginePlan, limitBytes: number): void {
  if (memory.totalBytes <= limitBytes) return;
  const advice =
    fittingWindow === undefined ? 'Fewer bits (--dtype) make it smaller.' : `A context window of ${fittingWindow} tokens fits (CONTEXT).`;
  throw new GptEdgeError(
    'memory_limit_exceeded',
    `${model} needs ${describeMemoryPlan(memory)}. That is over the limit of ${limitBytes / 1e6} MB (MEMORY_LIMIT_MB). ${advice}`,
    { param: 'model' },
  );
}
