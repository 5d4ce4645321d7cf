import { Command } from 'commander';
import { printTable } from '../src/cli/printing/print-table.ts';
import type { Decoder, Feed, Sequence } from '../src/core/decoder.ts';
import { variantId } from '../src/core/folder/adapter-files.ts';
import { compiledKernels } from '../src/local/compiled-kernels.ts';
import { DiskModelFiles } from '../src/local/disk-model-files.ts';
import { openModelFolder } from '../src/local/model-folder.ts';
import { serveModels } from '../src/local/serve-models.ts';
import { createEdgeDecoder } from '../src/runtime/edge/create-edge-decoder.ts';
import { adapterSizes, planEngine } from '../src/runtime/plan-engine.ts';
import { median } from './median.ts';
import { stopwatch } from './stopwatch.ts';
import { makeTask } from './task.ts';

/**
 * Measures what adapters cost, in processor time and in turns with the base model: a decode step of one sequence, a
 * step of eight sequences of which some have adapters, and a prompt; and how long reading an adapter takes. bench/make_adapter.py makes adapters for it.
 */
const { model, runs } = new Command('node bench/adapters.ts')
  .requiredOption('--model <folder>', 'a model folder with adapters (gpt-edge convert --adapter)')
  .option('--runs <n>', 'how often each is measured', Number, 15)
  .parse()
  .opts<{ model: string; runs: number }>();

const STREAMS = 8;
const STEPS = 8;
const PAST = 50;
const PROMPT = 256;

const folder = await openModelFolder(model);
const files = new DiskModelFiles(folder);
const planned = await planEngine(files, { engine: 'edge', cacheFormat: 'q8' }, 1e9);
if (planned.engine !== 'edge') throw new Error('the edge engine was asked for');
const adapterBytes = adapterSizes(folder.manifest).reduce((sum, bytes) => sum + bytes, 0);
if (adapterBytes === 0) throw new Error(`${model} has no adapters`);
const decoder: Decoder = await createEdgeDecoder(planned.plan, files, { kernels: compiledKernels(), cacheBytes: 2e8, adapterBytes });
const names = decoder.adapters!.names.slice(0, 4);
for (const name of names) await decoder.adapters!.load(name);
const { tokens } = makeTask({ ...folder.manifest, contextWindow: planned.contextWindow });

/** Milliseconds of a step of sequences with these adapters, one after another; undefined for the base model. */
async function stepTime(adapters: readonly (string | undefined)[]): Promise<number> {
  const sequences = await Promise.all(adapters.map((adapter, index) => begun(adapter, 3 * index)));
  const elapsed = stopwatch();
  for (let step = 0; step < STEPS; step++)
    await decoder.forwardBatch(
      sequences.map((sequence, index): Feed => ({ sequence, tokens: [tokens[step + index]], rows: 1, read: () => {} })),
    );
  const { cpu } = elapsed();
  for (const sequence of sequences) sequence.dispose();
  return cpu / STEPS;
}

async function begun(adapter: string | undefined, start: number): Promise<Sequence> {
  const past = tokens.slice(start, start + PAST);
  const sequence = decoder.createSequence({ tokens: [...past, 0], adapter });
  if (sequence.length < PAST) await sequence.forward(past.slice(sequence.length), 0);
  return sequence;
}

let prompts = 0;
/** Milliseconds of a prompt of which nothing is known. */
async function promptTime(adapter: string | undefined): Promise<number> {
  const prompt = Array.from({ length: PROMPT }, (_, index) => tokens[(index * (1 + (prompts % 7)) + prompts) % tokens.length]);
  prompts++;
  const sequence = decoder.createSequence({ tokens: [], adapter });
  const elapsed = stopwatch();
  await sequence.forward(prompt);
  const { cpu } = elapsed();
  sequence.dispose();
  return cpu;
}

/** Measures two things in turns. @returns the medians of both, and of the ratio of neighbours */
async function compare(base: () => Promise<number>, adapted: () => Promise<number>) {
  for (let warm = 0; warm < 4; warm++) for (const measure of [base, adapted]) await measure();
  const pairs: [number, number][] = [];
  for (let run = 0; run < runs; run++) {
    const [first, second, third] = [await base(), await adapted(), await base()];
    pairs.push([(first + third) / 2, second]);
  }
  return {
    base: median(pairs.map(([one]) => one)),
    adapted: median(pairs.map(([, other]) => other)),
    ratio: median(pairs.map(([one, other]) => other / one)),
    // On a shared machine, the fastest of many are those that others disturbed least.
    best: Math.min(...pairs.map(([, other]) => other)) / Math.min(...pairs.map(([one]) => one)),
  };
}

const percent = (ratio: number) => `${((ratio - 1) * 100).toFixed(1)} % more`;
const throughput = (ratio: number) => `${(1 / ratio).toFixed(3)} of the throughput`;

/** A row of the table: the medians, their ratio, and that of the shortest times. */
async function row(
  what: string,
  verdict: (ratio: number) => string,
  base: () => Promise<number>,
  adapted: () => Promise<number>,
): Promise<string[]> {
  const { base: without, adapted: time, ratio, best } = await compare(base, adapted);
  return [what, `${without.toFixed(2)} ms`, `${time.toFixed(2)} ms`, verdict(ratio), verdict(best)];
}

/** Milliseconds, by the clock, that a request takes longer because its adapter has to be read from local R2. */
async function loadTimes(): Promise<number[]> {
  const worker = await serveModels({ models: [model], vars: { LOG_REQUESTS: 'false' } });
  try {
    let start = 0;
    const request = async (id: string) => {
      start += 11;
      const body = JSON.stringify({ model: id, prompt: tokens.slice(start % 300, (start % 300) + 8), max_tokens: 1, temperature: 0 });
      const elapsed = stopwatch();
      const answer = await fetch(new URL('/v1/completions', worker.url), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      });
      if (!answer.ok) throw new Error(await answer.text());
      await answer.arrayBuffer();
      return elapsed().wall;
    };
    const isLoaded = async (id: string) => {
      const found = (await (await fetch(new URL(`/v1/models/${encodeURIComponent(id)}`, worker.url))).json()) as {
        load: { state: string };
      };
      return found.load.state === 'ready';
    };
    for (let warm = 0; warm < 5; warm++) await request(folder.manifest.id);
    const times: number[] = [];
    for (let round = 0; round < 5; round++)
      for (const name of names) {
        const id = variantId(folder.manifest.id, name);
        if (await isLoaded(id)) continue;
        const first = await request(id);
        times.push(first - (await request(id)));
      }
    return times;
  } finally {
    await worker.stop();
  }
}

const megabytes = (adapterSizes(folder.manifest)[0] / 1e6).toFixed(1);
const mixed = Array.from({ length: STREAMS }, (_, index) => [...names, undefined][index % (names.length + 1)]);
const plain = mixed.map(() => undefined);
const rows = [
  await row(
    'a step of one sequence',
    percent,
    () => stepTime([undefined]),
    () => stepTime([names[0]]),
  ),
  await row(
    `a step of ${STREAMS} sequences, ${names.length} adapters and the base`,
    throughput,
    () => stepTime(plain),
    () => stepTime(mixed),
  ),
  await row(
    `a prompt of ${PROMPT} tokens`,
    percent,
    () => promptTime(undefined),
    () => promptTime(names[0]),
  ),
];
console.log(`${folder.manifest.id}, adapters of ${megabytes} MB; processor time, ${runs} runs`);
printTable(['', 'base, median', 'adapters, median', 'median of the ratios', 'ratio of the shortest'], rows);
const loads = await loadTimes();
console.log(
  `reading an adapter of ${megabytes} MB from local R2, by the clock: median ${median(loads).toFixed(0)} ms, shortest ${Math.min(...loads).toFixed(0)} ms, of ${loads.length}`,
);
process.exit();
