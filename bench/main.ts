import { Command, Option } from 'commander';
import { openModelFolder } from '../src/local/model-folder.ts';
import { DEFAULT_MODEL } from '../src/local/project-paths.ts';
import { ENGINES, type Engine } from '../src/runtime/engine-choice.ts';
import { measure } from './measure.ts';
import { findPeers } from './peers/find-peers.ts';
import { printMeasurement } from './print-measurement.ts';

interface Options {
  readonly model: string;
  readonly engine: Engine;
  readonly runs: number;
  readonly peers?: boolean;
  readonly gguf?: string;
  readonly llamaBench?: string;
  readonly json?: boolean;
}

const command = new Command('npm run bench --')
  .option('--model <folder>', 'a model folder', DEFAULT_MODEL)
  .addOption(new Option('--engine <engine>', 'which engine is measured').choices(ENGINES).default('auto'))
  .option('--runs <n>', 'how often each contender is measured, in turn', Number, 3)
  .option('--peers', 'measure wllama and llama.cpp too, where bench/peers/install.sh has been run')
  .option('--gguf <file>', 'the same model for --peers')
  .option('--llama-bench <file>', 'a build of ik_llama.cpp for --peers')
  .option('--json', 'print JSON')
  .parse();
const { model, engine, runs, peers, gguf, llamaBench, json } = command.opts<Options>();
if (!(Number.isInteger(runs) && runs > 0)) command.error('--runs must be a whole number from 1 on');
if (peers && gguf === undefined) command.error('--peers needs --gguf <file>: the same model in a GGUF file');

const note = (text: string) => console.error(text);
const folder = await openModelFolder(model);
const others = peers ? await findPeers({ gguf: gguf!, llamaBench }, note) : [];
const measured = await measure({ folder, engine, runs, peers: others, onProgress: note });
if (json) console.log(JSON.stringify({ model: folder.manifest.id, runs, ...withoutPlan(measured) }, null, 2));
else {
  console.log(
    `${folder.manifest.id}, ${folder.manifest.dtype}, window of ${folder.manifest.contextWindow} tokens, medians of ${runs} runs`,
  );
  printMeasurement(measured);
}

/** A plan is large, and no figure. */
function withoutPlan({ planned, task: { tokens: _tokens, ...task }, ...figures }: typeof measured) {
  return { task, planned: { engine: planned.engine, memory: planned.memory }, ...figures };
}
