import { readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { bundleEntry, bundleFolder } from '../../src/local/build-worker.ts';
import type { Task } from '../task.ts';
import { BenchWorker, type WorkerJob } from './bench-worker.ts';
import { freePort } from './free-port.ts';
import { Inspector } from './inspector.ts';
import { COLD_PROMPT_TOKENS } from './measure-worker.ts';

/** Milliseconds of a cold start by what they went into. */
export type ColdStartPhases = Readonly<Record<string, number>>;

/** Microseconds between two samples. */
const INTERVAL = 250;

const WAITING = "R2, which Miniflare runs on the Worker's thread, and waiting";
const GENERATION = 'prefill and first token';
const HASHES = 'hashes';
const REST = 'the rest of the Worker: routing, validating, answering';
const COLLECTOR = "V8's garbage collection";

/** Where the code of each phase lies. The first that a frame lies in counts, the innermost frame first. */
const FOLDERS: readonly [folder: string, phase: string][] = [
  ['src/storage/', 'reading files'],
  ['src/runtime/edge/weights/', 'packing weights'],
  ['src/tokenizer/', 'tokenizer and chat template'],
  ['src/runtime/', 'graph and plan'],
  ['src/core/onnx/', 'graph and plan'],
  ['src/core/folder/', 'manifest and options'],
];

interface Frame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
  readonly columnNumber: number;
}

interface Profile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: Frame; readonly children?: readonly number[] }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/**
 * Splits a cold start by phases, with samples of V8's profiler in the Worker's isolate. Sampling makes it slower, so
 * shares matter, not sums. Frames are assigned by the source file that they lie in.
 */
export async function profileColdStart(job: WorkerJob, task: Task): Promise<ColdStartPhases> {
  const port = await freePort();
  const worker = await BenchWorker.start(job, port);
  try {
    const inspector = await Inspector.connect(port);
    await inspector.send('Profiler.enable');
    await inspector.send('Profiler.setSamplingInterval', { interval: INTERVAL });
    await inspector.send('Profiler.start');
    const { first } = await worker.complete(task.tokens.slice(0, Math.min(COLD_PROMPT_TOKENS, task.short)), 1);
    const { profile } = await inspector.send<{ profile: Profile }>('Profiler.stop');
    inspector.close();
    return split(profile, first.wall, await readSourceMap());
  } finally {
    await worker.stop();
  }
}

async function readSourceMap(): Promise<SourceMap> {
  return new SourceMap(JSON.parse(readFileSync(`${await bundleEntry(bundleFolder())}.map`, 'utf8')));
}

function split({ nodes, samples, timeDeltas }: Profile, wall: number, sources: SourceMap): ColdStartPhases {
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child): [number, number] => [child, id])));
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const phases = new Map(nodes.map(({ id }) => [id, phaseOf(stackOf(id, frames, parents), sources)]));
  const times = new Map<string, number>();
  for (const [index, sample] of samples.entries()) {
    const phase = phases.get(sample);
    // While the thread is not in the isolate there are no samples, so a longer distance is time spent elsewhere.
    const milliseconds = Math.min(timeDeltas[index], 2 * INTERVAL) / 1000;
    if (phase !== undefined) times.set(phase, (times.get(phase) ?? 0) + milliseconds);
  }
  const sampled = [...times.values()].reduce((sum, time) => sum + time, 0);
  times.set(WAITING, Math.max(0, wall - sampled));
  return Object.fromEntries([...times].sort(([, a], [, b]) => b - a));
}

/** The frames of a sample, the innermost first. */
function stackOf(id: number, frames: ReadonlyMap<number, Frame>, parents: ReadonlyMap<number, number>): Frame[] {
  const stack: Frame[] = [];
  for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) stack.push(frames.get(at)!);
  return stack;
}

/** The phase of a stack; undefined if nothing runs. */
function phaseOf(stack: readonly Frame[], sources: SourceMap): string | undefined {
  const [{ functionName, url }] = stack;
  if (functionName === '(idle)') return undefined;
  if (functionName === '(garbage collector)') return COLLECTOR;
  const files = stack.filter(({ url }) => url.endsWith('.js')).map((frame) => sourceOf(frame, sources));
  if (files.some((file) => file.includes('src/generation/'))) return GENERATION;
  const isNative = url === '';
  if (isNative && files[0]?.includes('src/storage/') && /^(digest|write)$/.test(functionName)) return HASHES;
  const phaseOfFile = (file: string) => FOLDERS.find(([folder]) => file.includes(folder))?.[1];
  return files.map(phaseOfFile).find((phase) => phase !== undefined) ?? REST;
}

function sourceOf({ lineNumber, columnNumber }: Frame, sources: SourceMap): string {
  const entry = sources.findEntry(lineNumber, columnNumber);
  return 'originalSource' in entry ? entry.originalSource : '';
}
