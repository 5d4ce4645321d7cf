import { Command } from 'commander';
import { isPrefixFile } from '../src/core/folder/prefix-files.ts';
import { compiledKernels } from '../src/local/compiled-kernels.ts';
import { DiskModelFiles } from '../src/local/disk-model-files.ts';
import { openModelFolder } from '../src/local/model-folder.ts';
import { createEdgeDecoder } from '../src/runtime/edge/create-edge-decoder.ts';
import { decodePrefixHeader } from '../src/runtime/edge/prefixes/prefix-header.ts';
import { planEngine } from '../src/runtime/plan-engine.ts';
import { median } from './median.ts';
import { stopwatch } from './stopwatch.ts';

/**
 * Measures what a stored prefix saves a cold isolate: from opening the model to the logits after a prompt that begins
 * with the prefix, with the prefix and without it, in turns.
 */
const { model, question, runs } = new Command('node bench/stored-prefix.ts')
  .requiredOption('--model <folder>', 'a model folder with one stored prefix (gpt-edge prefix)')
  .option('--question <n>', 'tokens of the prompt after the prefix', Number, 20)
  .option('--runs <n>', 'how often each is measured', Number, 5)
  .parse()
  .opts<{ model: string; question: number; runs: number }>();

const LIMIT_BYTES = 128e6;

const folder = await openModelFolder(model);
const file = Object.keys(folder.manifest.files).find(isPrefixFile);
if (file === undefined) throw new Error(`${model} has no stored prefix`);
const { tokens: prefix, cacheFormat } = await readHeader(file);
const prompt = [...prefix, ...Array.from({ length: question }, (_, index) => 300 + index)];

async function readHeader(name: string) {
  for await (const chunk of new DiskModelFiles(folder).stream(name)) return decodePrefixHeader(chunk, name).header;
  throw new Error(`${name} is empty`);
}

/** Milliseconds of processor time until the first token can be chosen. */
async function firstToken(loadsPrefixes: boolean): Promise<number> {
  const elapsed = stopwatch();
  const files = new DiskModelFiles(folder);
  const planned = await planEngine(files, { engine: 'edge', cacheFormat: cacheFormat as 'f32' | 'q8' }, LIMIT_BYTES);
  if (planned.engine !== 'edge') throw new Error('the edge engine was asked for');
  const cacheBytes = Math.max(0, LIMIT_BYTES - planned.memory.totalBytes) + planned.plan.cache.windowBlocks * planned.plan.cache.blockBytes;
  const decoder = await createEdgeDecoder(planned.plan, files, { kernels: compiledKernels(), cacheBytes, loadsPrefixes });
  const sequence = decoder.createSequence({ tokens: prompt });
  await sequence.forward(prompt.slice(sequence.length));
  return elapsed().cpu;
}

await firstToken(true);
const times = { with: [] as number[], without: [] as number[] };
for (let run = 0; run < runs; run++) {
  times.without.push(await firstToken(false));
  times.with.push(await firstToken(true));
}
const [behind, without] = [median(times.with), median(times.without)];
console.log(
  `${folder.manifest.id}, a prefix of ${prefix.length} tokens and ${question} more, from opening the model to the first logits: ` +
    `${behind.toFixed(0)} ms behind the stored prefix, ${without.toFixed(0)} ms without it, ${(behind / without).toFixed(2)}x.`,
);
