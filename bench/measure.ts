import { DEFAULT_MEMORY_LIMIT_MB } from '../src/core/memory-plan.ts';
import { DiskModelFiles } from '../src/local/disk-model-files.ts';
import type { ModelFolder } from '../src/local/model-folder.ts';
import type { Engine, EngineChoice } from '../src/runtime/engine-choice.ts';
import { type EnginePlan, planEngine } from '../src/runtime/plan-engine.ts';
import type { EngineJob } from './contenders/engine.ts';
import type { EngineFigures } from './contenders/engine-figures.ts';
import { runContender } from './contenders/run-contender.ts';
import { decodeBytes } from './decode-bytes.ts';
import { medianFigures } from './median.ts';
import type { Peer } from './peers/peer.ts';
import { measurePlaces, type PlacesFigures } from './places/measure-places.ts';
import { makeTask, type Task } from './task.ts';
import { type MemoryMeasurement, measureMemory } from './worker/measure-memory.ts';
import { measureWorker, type WorkerFigures } from './worker/measure-worker.ts';
import { type ColdStartPhases, profileColdStart } from './worker/profile-cold-start.ts';

export interface BenchOptions {
  readonly folder: ModelFolder;
  readonly engine: Engine;
  readonly runs: number;
  readonly peers: readonly Peer[];
  /** Called with a line that says what is measured next. */
  readonly onProgress: (what: string) => void;
}

/** What was measured; figures are medians of all runs. */
export interface Measurement {
  readonly task: Task;
  readonly planned: EnginePlan;
  /** Bytes of weights that a decode step of the edge engine reads. */
  readonly decodeBytes?: number;
  readonly engine: EngineFigures;
  readonly worker: WorkerFigures;
  readonly coldStart: ColdStartPhases;
  readonly memory: MemoryMeasurement;
  readonly places: PlacesFigures;
  /** Figures of onnxruntime-web with the same model folder, and of the peers, by name. */
  readonly peers: Readonly<Record<string, EngineFigures>>;
}

/** Runs all contenders one after the other, `runs` times, each in a process of its own. */
export async function measure({ folder, engine, runs, peers, onProgress }: BenchOptions): Promise<Measurement> {
  const planned = await planEngine(new DiskModelFiles(folder), { engine, cacheFormat: 'auto' }, DEFAULT_MEMORY_LIMIT_MB * 1e6);
  const bytes = planned.engine === 'edge' ? decodeBytes(planned.plan) : undefined;
  const { contextWindow } = planned;
  const task = makeTask({ ...folder.manifest, contextWindow });
  const workerJob = { folder, engine: planned.engine, memoryLimitMegabytes: limitFor(planned) };
  const inNode = (choice: EngineChoice, readBytes?: number): Promise<EngineFigures> =>
    runContender('engine.ts', { folder: folder.path, choice, decodeBytes: readBytes } satisfies EngineJob);
  const contenders: Record<string, () => Promise<EngineFigures>> = {
    engine: () => inNode(choiceOf(planned), bytes),
    ...(planned.engine !== 'ort' && { 'onnxruntime-web': () => inNode({ engine: 'ort', cacheFormat: 'auto', contextWindow }) }),
    ...Object.fromEntries(peers.map(({ name, measure }) => [name, () => measure(task)])),
  };
  const figures: Record<string, EngineFigures[]> = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]));
  const worker: WorkerFigures[] = [];
  const coldStarts: ColdStartPhases[] = [];
  for (let run = 1; run <= runs; run++) {
    for (const [name, measureOne] of Object.entries(contenders)) {
      onProgress(`run ${run} of ${runs}: ${name}`);
      figures[name].push(await measureOne());
    }
    onProgress(`run ${run} of ${runs}: the Worker in workerd`);
    worker.push(await measureWorker(workerJob, task));
    coldStarts.push(await profileColdStart(workerJob, task));
  }
  onProgress('the engine in the Worker and in an engine object');
  const places = await measurePlaces(folder, planned.engine, runs);
  onProgress('memory in workerd');
  const memory = await measureMemory(workerJob, task);
  const { engine: own, ...others } = Object.fromEntries(Object.entries(figures).map(([name, runs]) => [name, medianFigures(runs)]));
  return {
    task,
    planned,
    decodeBytes: bytes,
    engine: own,
    worker: medianFigures(worker),
    coldStart: medianFigures(coldStarts),
    memory,
    places,
    peers: others,
  };
}

/** The choice that makes Node use the Worker's engine, its format of the KV cache and its context window. */
function choiceOf(planned: EnginePlan): EngineChoice {
  const { engine, contextWindow } = planned;
  return { engine, cacheFormat: engine === 'edge' ? planned.plan.options.cacheFormat : 'auto', contextWindow };
}

/**
 * A limit that the model fits. A model that a real Worker would refuse is measured all the same: local workerd
 * enforces no limit.
 */
function limitFor({ memory }: EnginePlan): number {
  return Math.max(DEFAULT_MEMORY_LIMIT_MB, Math.ceil(memory.totalBytes / 1e6));
}
