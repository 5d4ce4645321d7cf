import { Command } from 'commander';
import type { Decoder, Feed, Sequence } from '../src/core/decoder.ts';
import { compiledKernels } from '../src/local/compiled-kernels.ts';
import { DiskModelFiles } from '../src/local/disk-model-files.ts';
import { openModelFolder } from '../src/local/model-folder.ts';
import { createEdgeDecoder } from '../src/runtime/edge/create-edge-decoder.ts';
import { adapterSizes, planEngine } from '../src/runtime/plan-engine.ts';
import { median } from './median.ts';
import { stopwatch } from './stopwatch.ts';
import { makeTask } from './task.ts';

/**
 * Measures what adapters cost, in processor time and in turns with the base model: a decode step of one sequence, a
 * step of eight sequences of which some have adapters, and a prompt. bench/make_adapter.py makes adapters for it.
 */
const { model, runs } = new Command('node bench/adapters.ts')
  .requiredOption('--model <folder>', 'a model folder with adapters (gpt-edge convert --adapter)')
  .option('--runs <n>', 'how often each is measured', Number, 15)
  .parse()
  .opts<{ model: string; runs: number }>();

const STREAMS = 8;
const STEPS = 16;
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
  };
}

const show = (what: string, { base, adapted, ratio }: Awaited<ReturnType<typeof compare>>, verdict: string) =>
  console.log(
    `${what}: ${base.toFixed(2)} ms of the base model, ${adapted.toFixed(2)} ms with adapters; ${verdict.replace('%', ratioText(ratio, verdict))}`,
  );
const ratioText = (ratio: number, verdict: string) =>
  verdict.startsWith('throughput') ? (1 / ratio).toFixed(3) : `${((ratio - 1) * 100).toFixed(1)} %`;

console.log(
  `${folder.manifest.id}, ${names.length} adapters of ${(adapterSizes(folder.manifest)[0] / 1e6).toFixed(1)} MB; medians of ${runs} runs, processor time`,
);
show(
  'a step of one sequence',
  await compare(
    () => stepTime([undefined]),
    () => stepTime([names[0]]),
  ),
  '% more',
);
const mixed = Array.from({ length: STREAMS }, (_, index) => [...names, undefined][index % (names.length + 1)]);
const plain = mixed.map(() => undefined);
show(
  `a step of ${STREAMS} sequences`,
  await compare(
    () => stepTime(plain),
    () => stepTime(mixed),
  ),
  'throughput % of that without',
);
show(
  `a prompt of ${PROMPT} tokens`,
  await compare(
    () => promptTime(undefined),
    () => promptTime(names[0]),
  ),
  '% more',
);
