import { printTable } from '../src/cli/printing/print-table.ts';
import { DEFAULT_MEMORY_LIMIT_MB } from '../src/core/memory-plan.ts';
import { PRICES } from '../src/core/prices.ts';
import type { EngineFigures } from './contenders/engine-figures.ts';
import type { Measurement } from './measure.ts';
import { printPlaces } from './places/measure-places.ts';
import type { Elapsed } from './stopwatch.ts';

const NOTHING = '-';
const LIMIT_BYTES = DEFAULT_MEMORY_LIMIT_MB * 1e6;
const rate = (time?: Elapsed) => (time ? `${(1000 / time.cpu).toFixed(1)}` : NOTHING);
const milliseconds = (time?: Elapsed) => (time ? time.cpu.toFixed(2) : NOTHING);
const ratio = (value?: number) => (value === undefined || Number.isNaN(value) ? NOTHING : `${value.toFixed(2)}x`);
const percent = (value?: number) => (value === undefined ? NOTHING : `${(100 * value).toFixed(0)} %`);
const megabytes = (bytes?: number) => (bytes === undefined ? NOTHING : `${(bytes / 1e6).toFixed(1)} MB`);
const over = (theirs?: Elapsed, ours?: Elapsed) => ratio(theirs && ours && theirs.cpu / ours.cpu);

/** Prints all figures as tables. Rates are tokens per second of processor time. */
export function printMeasurement(measured: Measurement): void {
  printEngines(measured);
  printWorker(measured);
  printBandwidth(measured);
  printMemory(measured);
  printCost(measured);
  printPlaces(measured.places);
}

function printEngines({ task, planned, engine, peers }: Measurement): void {
  heading(`Engines alone, one thread: tokens per second of processor time, and how many times as fast the ${planned.engine} engine is`);
  const row = (name: string, figures: EngineFigures, isOwn: boolean): string[] => [
    name,
    ...(['short', 'long', 'prefill'] as const).flatMap((key) => [rate(figures[key]), isOwn ? '' : over(figures[key], engine[key])]),
    ratio(figures.longOverShort),
    megabytes(figures.wasmBytes),
  ];
  printTable(
    [
      '',
      `after ${task.short} tokens`,
      '',
      `after ${task.long} tokens`,
      '',
      `prefill of ${task.prefill}`,
      '',
      'step, long : short',
      'WASM memory',
    ],
    [row(`${planned.engine}, Node`, engine, true), ...Object.entries(peers).map(([name, figures]) => row(name, figures, false))],
  );
}

function printWorker({ task, engine, worker, planned, coldStart }: Measurement): void {
  heading('The Worker in workerd, over HTTP, all of its threads');
  const row = (name: string, time: Elapsed, inNode?: Elapsed) => [name, rate(time), (1000 / time.wall).toFixed(1), over(time, inNode)];
  printTable(
    ['', 'tokens/s of processor time', 'tokens/s by the clock', `time compared with ${planned.engine} in Node`],
    [
      row(`decode after ${task.short} tokens, streamed`, worker.short, engine.generated),
      row(`decode after ${task.short} tokens, not streamed`, worker.whole, engine.generated),
      row(`prefill of ${task.prefill}`, worker.prefill, engine.prefill),
    ],
  );
  heading('Cold start, from local R2 to the first token');
  console.log(
    `${worker.coldStart.wall.toFixed(0)} ms, ${worker.coldStart.cpu.toFixed(0)} ms of processor time; sampled by V8, which takes time of its own, it is`,
  );
  const sampled = Object.values(coldStart).reduce((sum, time) => sum + time, 0);
  printTable(
    ['', 'ms', 'share'],
    Object.entries(coldStart).map(([phase, time]) => [phase, time.toFixed(1), percent(time / sampled)]),
  );
}

function printBandwidth({ engine, decodeBytes }: Measurement): void {
  if (decodeBytes === undefined) return;
  heading('Memory bandwidth');
  const rates = Object.entries(engine.readRates!).map(([streams, rate]) => ({ streams, rate: rate / 1e9 }));
  const best = Math.max(...rates.map(({ rate }) => rate)).toFixed(1);
  console.log(
    `A step reads ${megabytes(decodeBytes)} of weights in ${milliseconds(engine.short)} ms: ${percent(engine.bandwidthShare)} of the ${best} GB/s that the best loop of WASM loads reaches on a buffer of this size`,
  );
  console.log(`GB/s by the number of streams: ${rates.map(({ streams, rate }) => `${streams} ${rate.toFixed(1)}`).join(', ')}`);
}

function printMemory({ planned, memory: { idle, full } }: Measurement): void {
  heading('Memory of the isolate in workerd');
  const sum = ({ heapBytes, embedderBytes, backingBytes, wasmBytes }: typeof full) => heapBytes + embedderBytes + backingBytes + wasmBytes;
  const row = (name: string, of: (figures: typeof full) => number | undefined) => [name, megabytes(of(idle)), megabytes(of(full))];
  printTable(
    ['', 'no model', 'context window full'],
    [
      row('V8 heap after garbage collection', ({ heapBytes }) => heapBytes),
      row("workerd's objects for it", ({ embedderBytes }) => embedderBytes),
      row('array buffers', ({ backingBytes }) => backingBytes),
      row('WASM memory', ({ wasmBytes }) => wasmBytes),
      row('sum', sum),
      row("RSS of workerd, with Miniflare's services", ({ residentBytes }) => residentBytes),
    ],
  );
  console.log(
    `planned: ${megabytes(planned.memory.totalBytes)} (${planned.memory.parts.map(({ name, bytes }) => `${name} ${megabytes(bytes)}`).join(', ')})`,
  );
  console.log(`limit of an isolate: ${DEFAULT_MEMORY_LIMIT_MB} MB, of which ${percent(sum(full) / LIMIT_BYTES)} are used`);
  if (planned.memory.totalBytes > LIMIT_BYTES)
    console.log('The plan exceeds the limit, so a Worker would refuse the model. It was measured with a higher MEMORY_LIMIT_MB.');
}

function printCost({ task, worker }: Measurement): void {
  heading("Cost in the Worker, at Cloudflare's price of CPU time");
  // A million tokens take a million times as long as one.
  const row = (name: string, time: Elapsed) => [name, milliseconds(time), `$${(1e6 * time.cpu * PRICES.workerMillisecond).toFixed(3)}`];
  printTable(
    ['', 'CPU-ms per token', 'per million tokens'],
    [row(`prompt (${task.prefill} tokens)`, worker.prefill), row(`completion (after ${task.short} tokens)`, worker.short)],
  );
}

function heading(text: string): void {
  console.log(`\n${text}`);
}
