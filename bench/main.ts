import { Command, Option } from 'commander';
import { openModelFolder } from '../src/local/model-folder.ts';
import { DEFAULT_MODEL } from '../src/local/project-paths.ts';
import { ENGINES, type Engine } from '../src/runtime/engine-choice.ts';
import { printBatch } from './load/measure-batch.ts';
import { printCallers } from './load/measure-callers.ts';
import { printLoad } from './load/measure-load.ts';
import { describeMachine, printMachine } from './machine.ts';
import { measure } from './measure.ts';
import { findPeers } from './peers/find-peers.ts';
import { measurePlaces, printPlaces } from './places/measure-places.ts';
import { printMeasurement } from './print-measurement.ts';
import { measureSlices, printSlices } from './slices/measure-slices.ts';

interface Options {
  readonly model: string;
  readonly engine: Engine;
  readonly runs: number;
  readonly peers?: boolean;
  readonly gguf?: string;
  readonly llamaBench?: string;
  readonly load?: boolean;
  readonly callers?: number;
  readonly seconds: number;
  readonly batch?: boolean;
  readonly places?: boolean;
  readonly slices?: boolean;
  readonly json?: boolean;
}

const command = new Command('npm run bench --')
  .option('--model <folder>', 'a model folder', DEFAULT_MODEL)
  .addOption(new Option('--engine <engine>', 'the engine to measure').choices(ENGINES).default('auto'))
  .option('--runs <n>', 'how many times the contenders are measured, one after the other', Number, 3)
  .option('--peers', 'also measure wllama and llama.cpp, which bench/peers/install.sh installs')
  .option('--gguf <file>', 'the same model in a GGUF file, for --peers')
  .option('--llama-bench <file>', 'llama-bench of a build of ik_llama.cpp, for --peers')
  .option('--load', 'measure the Worker with many callers instead')
  .option('--callers <n>', 'measure only how long so many callers wait who ask again and again', Number)
  .option('--seconds <n>', 'how long the callers ask', Number, 60)
  .option('--places', 'measure only the engine in the Worker and in an engine object')
  .option('--slices', 'measure only what it costs to cut an answer, and to go on with it elsewhere')
  .option('--batch', 'measure requests through a batch, and the same one by one, instead')
  .option('--json', 'print JSON, of all but --load, --callers, --batch, --places and --slices')
  .parse();
const { model, engine, runs, peers, gguf, llamaBench, load, callers, seconds, batch, places, slices, json } = command.opts<Options>();
if (!(Number.isInteger(runs) && runs > 0)) command.error('--runs must be a whole number, at least 1');
if (peers && gguf === undefined) command.error('--peers needs --gguf <file>: the same model in a GGUF file');

const note = (text: string) => console.error(text);
const folder = await openModelFolder(model);
if (load || batch) {
  await (load ? printLoad : printBatch)(folder, engine, runs, note);
  process.exit();
}
if (callers) {
  await printCallers(folder, { engine, callers, seconds });
  process.exit();
}
if (places) {
  printPlaces(await measurePlaces(folder, engine, runs));
  process.exit();
}
if (slices) {
  printSlices(await measureSlices(folder, runs));
  process.exit();
}
const others = peers ? await findPeers({ gguf: gguf!, llamaBench }, note) : [];
const measured = await measure({ folder, engine, runs, peers: others, onProgress: note });
const machine = describeMachine();
if (json) console.log(JSON.stringify({ model: folder.manifest.id, machine, runs, ...withoutPlan(measured) }, null, 2));
else {
  console.log(
    `${folder.manifest.id}, ${folder.manifest.dtype}, context window of ${measured.planned.contextWindow} tokens, ${runs === 1 ? 'one run' : `medians of ${runs} runs`}`,
  );
  printMachine(machine, measured.memory.kernels);
  printMeasurement(measured);
}

/** All that `--json` prints of a measurement: the edge engine's plan is large, and not a figure. */
function withoutPlan({ planned, task: { tokens: _tokens, ...task }, ...figures }: typeof measured) {
  return { task, planned: { engine: planned.engine, memory: planned.memory }, ...figures };
}
