import { Command } from 'commander';
import { printTable } from '../src/cli/printing/print-table.ts';
import type { Logits } from '../src/core/logits.ts';
import { processLogits } from '../src/generation/sampling/process-logits.ts';
import { randomAt } from '../src/generation/sampling/random-at.ts';
import { sample } from '../src/generation/sampling/sampler.ts';
import { SAMPLING_DEFAULTS, type SamplingOptions } from '../src/generation/sampling/sampling-options.ts';
import { DiskModelFiles } from '../src/local/disk-model-files.ts';
import { openDecoder } from '../src/local/evaluate/open-decoder.ts';
import { openModelFolder } from '../src/local/model-folder.ts';
import { DEFAULT_MODEL } from '../src/local/project-paths.ts';
import { CACHE_FORMATS, type EngineChoice } from '../src/runtime/engine-choice.ts';
import { TextTokenizer } from '../src/tokenizer/text-tokenizer.ts';
import { parseTokenizerJson } from '../src/tokenizer/tokenizer-json.ts';
import { KernelTimes } from './kernel-times.ts';
import { median } from './median.ts';
import { stopwatch } from './stopwatch.ts';
import { makeTask } from './task.ts';

/**
 * Shows where the time of a decode step of the edge engine goes, kernel by kernel, and what the generation loop adds.
 * For a profile by V8: `node --cpu-prof --cpu-prof-dir=dist bench/profile.ts`.
 */
const { model, kvCache, position } = new Command('node bench/profile.ts')
  .option('--model <folder>', 'a model folder', DEFAULT_MODEL)
  .option('--kv-cache <format>', CACHE_FORMATS.join(', '), 'q8')
  .option('--position <n>', 'tokens before the steps', Number, 50)
  .parse()
  .opts<{ model: string; kvCache: EngineChoice['cacheFormat']; position: number }>();

const WARM_UP_STEPS = 100;
const STEPS = 100;
const TEXT = 'Once upon a time there was a little girl. One day she went to the';

const times = new KernelTimes();
const folder = await openModelFolder(model);
const { tokens } = makeTask(folder.manifest);
const decoder = await openDecoder(folder, { engine: 'edge', cacheFormat: kvCache });
const prompt = decoder.createSequence();
await prompt.forward(tokens.slice(0, position));

/** Milliseconds of one step. All steps begin after the same position. */
async function step(index: number): Promise<number> {
  const sequence = prompt.fork();
  const elapsed = stopwatch();
  await sequence.forwardEach([tokens[index % tokens.length]], 1, () => {});
  const { cpu } = elapsed();
  sequence.dispose();
  return cpu;
}

for (let index = 0; index < WARM_UP_STEPS; index++) await step(index);
const bare: number[] = [];
for (let index = 0; index < STEPS; index++) {
  bare.push(await step(index));
  await times.measure(() => step(index));
}
const whole = median(bare);
console.log(
  `${folder.manifest.id}: a step after ${position} tokens takes ${whole.toFixed(3)} ms of processor time; with each kernel timed:`,
);
const kernels = times.perStep();
const total = kernels.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
const share = (milliseconds: number, of: number) => `${((100 * milliseconds) / of).toFixed(1)} %`;
printTable(
  ['kernel', 'calls', 'ms', 'share'],
  kernels.map(({ name, calls, milliseconds }) => [name, calls.toFixed(0), milliseconds.toFixed(3), share(milliseconds, total)]),
);

/** Median milliseconds of one call. */
function timeOf(run: (index: number) => unknown): number {
  const samples: number[] = [];
  for (let round = 0; round < 12; round++) {
    const elapsed = stopwatch();
    for (let index = 0; index < 20; index++) run(index);
    samples.push(elapsed().cpu / 20);
  }
  return median(samples.slice(2));
}

// Logits after a text as models write it: after arbitrary tokens any token is likely, and top_p has thousands to sort.
const files = new DiskModelFiles(folder);
const tokenizer = new TextTokenizer(parseTokenizerJson(await files.read('tokenizer.json')));
// The engine lends them until it is called again, which nothing below does.
const lent = await new Promise<Logits>((resolve) => decoder.createSequence().forwardEach(tokenizer.encode(TEXT), 1, resolve));
const logits = lent.values.slice();
const generated = tokens.slice(0, 100);
const sampled = (options: Partial<SamplingOptions>) => {
  const all = { ...SAMPLING_DEFAULTS, seed: 1, ...options };
  return timeOf((index) => {
    lent.values.set(logits);
    processLogits(lent.values, all, tokens.slice(0, position), generated);
    return sample(lent, all, randomAt(1, 0, index));
  });
};
const loop: Record<string, number> = {
  // The loop itself copies nothing; here the copy restores what the round before has changed.
  'copy of the logits, in the figures below': timeOf(() => lent.values.set(logits)),
  'random number': timeOf((index) => randomAt(1, 0, index)),
  'copy, process, sample: greedy': sampled({ temperature: 0 }),
  'copy, process, sample: temperature 1 (the default)': sampled({}),
  'the same, top_p 0.9': sampled({ topP: 0.9 }),
  'the same, top_k 40': sampled({ topK: 40 }),
  'the same, repetition penalty 1.1': sampled({ repetitionPenalty: 1.1 }),
};
console.log(`\nwhat the generation loop adds, for ${decoder.vocabularySize} tokens of vocabulary`);
printTable(
  ['', 'ms', 'of a step'],
  Object.entries(loop).map(([name, milliseconds]) => [name, milliseconds.toFixed(3), share(milliseconds, whole)]),
);
