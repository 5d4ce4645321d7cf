import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Decoder, Sequence } from '../../src/core/decoder.ts';
import { complete } from '../../src/generation/complete.ts';
import { constraintsOf } from '../../src/generation/constraints-of.ts';
import type { LanguageModel } from '../../src/generation/language-model.ts';
import { SAMPLING_DEFAULTS } from '../../src/generation/sampling/sampling-options.ts';
import { Scheduler } from '../../src/generation/scheduler/scheduler.ts';
import { WorkBudget } from '../../src/generation/work-budget.ts';
import { openDecoder } from '../../src/local/evaluate/open-decoder.ts';
import { type ModelFolder, openModelFolder } from '../../src/local/model-folder.ts';
import type { EngineChoice } from '../../src/runtime/engine-choice.ts';
import { TextTokenizer } from '../../src/tokenizer/text-tokenizer.ts';
import { parseTokenizerJson } from '../../src/tokenizer/tokenizer-json.ts';
import { median, medianFigures } from '../median.ts';
import { ReadBandwidth, type ReadRates } from '../read-bandwidth.ts';
import { type Elapsed, each, stopwatch } from '../stopwatch.ts';
import { makeTask, type Task } from '../task.ts';
import type { EngineFigures } from './engine-figures.ts';
import { serveContender } from './run-contender.ts';
import { watchWasmMemory } from './watch-wasm-memory.ts';

export interface EngineJob {
  readonly folder: string;
  readonly choice: EngineChoice;
  /** Bytes of weights that a decode step reads. If it is left out, no bandwidth is measured. */
  readonly decodeBytes?: number;
}

/** How often each figure is taken, in turn with the others. */
const ROUNDS = 5;
/** Rounds before those that count. */
const WARM_UP = 2;
/** How long V8's optimizing compiler gets to finish in the background after the warm-up. */
const COMPILER_MILLISECONDS = 500;
/** If one round takes longer than this, the engine gets only one round. */
const SLOW_ROUND_MILLISECONDS = 5000;
/** A prompt that would take longer than this is not fed. */
const LONGEST_PREFILL_MILLISECONDS = 60_000;

/**
 * Measures an engine in Node with nothing around it: no HTTP, no tokenizer, and a sampler only for the figure
 * `generated`.
 */
await serveContender(async ({ folder: path, choice, decodeBytes }: EngineJob): Promise<EngineFigures> => {
  const largestMemory = watchWasmMemory();
  const folder = await openModelFolder(path);
  const decoder = await openDecoder(folder, choice);
  const task = makeTask({ ...folder.manifest, contextWindow: decoder.contextWindow });
  const model = await generationModel(folder, decoder);
  const bandwidth = decodeBytes === undefined ? undefined : await ReadBandwidth.over(decodeBytes);
  const started = performance.now();
  const first = await measureRound(model, task);
  const isSlow = performance.now() - started > SLOW_ROUND_MILLISECONDS;
  const long = await prefilled(decoder, task, task.long, first.prefill);
  // V8 compiles functions that run often a second time, in the background.
  for (let round = 0; round < (isSlow ? 0 : WARM_UP); round++) await measureRound(model, task, long, bandwidth);
  await new Promise((resolve) => setTimeout(resolve, COMPILER_MILLISECONDS));
  const rounds: Round[] = [];
  for (let round = 0; round < (isSlow ? 1 : ROUNDS); round++) rounds.push(await measureRound(model, task, long, bandwidth));
  return summarize(rounds, largestMemory(), decodeBytes);
});

/** The model, of which no token ends a text. */
async function generationModel({ path, manifest: own }: ModelFolder, decoder: Decoder): Promise<LanguageModel> {
  const manifest = { ...own, eosTokenIds: [] };
  const tokenizer = new TextTokenizer(parseTokenizerJson(await readFile(join(path, 'tokenizer.json'))));
  const scheduler = new Scheduler({ manifest, decoder });
  const constraints = constraintsOf(manifest, tokenizer);
  const shared = { decoder, scheduler, tokenizer, constraints };
  return { id: own.id, manifest, ...shared, chatTemplate: null, samplingDefaults: {}, fingerprint: '' };
}

interface Round {
  readonly short: Elapsed;
  readonly long?: Elapsed;
  readonly prefill: Elapsed;
  readonly generated: Elapsed;
  readonly readRates?: ReadRates;
}

async function measureRound(model: LanguageModel, task: Task, long?: Sequence, bandwidth?: ReadBandwidth): Promise<Round> {
  const { decoder } = model;
  const beginning = await sequenceOf(decoder, task, task.short);
  const reads = [bandwidth?.measure()];
  const short = await timeSteps(beginning, task);
  const longSteps = long && (await timeSteps(long, task));
  reads.push(bandwidth?.measure());
  const generated = await timeGeneration(model, task);
  const elapsed = stopwatch();
  const whole = await sequenceOf(decoder, task, task.prefill);
  const prefill = each(elapsed(), task.prefill);
  for (const sequence of [beginning, whole]) sequence.dispose();
  return { short, long: longSteps, prefill, generated, readRates: bandwidth && medianFigures(reads as ReadRates[]) };
}

/** Times decode steps on a fork, so that all rounds begin after the same number of tokens. */
async function timeSteps(from: Sequence, { steps, tokens }: Task): Promise<Elapsed> {
  const sequence = from.fork();
  const elapsed = stopwatch();
  for (let index = 0; index < steps; index++) await sequence.forward([tokens[index]]);
  const time = each(elapsed(), steps);
  sequence.dispose();
  return time;
}

/** Times the same steps as the scheduler does them for a request. */
async function timeGeneration(model: LanguageModel, { steps, tokens, short }: Task): Promise<Elapsed> {
  const sampling = { ...SAMPLING_DEFAULTS, temperature: 0, seed: 1 };
  const prompt = tokens.slice(0, short + 1);
  const request = { prompt, maxTokens: steps, sampling, choices: 1, stops: [], partition: '' };
  // No work fills a turn: yielding to the event loop takes a millisecond.
  const reader = await complete(model, [request], new WorkBudget(Number.MAX_VALUE));
  // The first token is chosen after the prompt.
  await reader.next();
  const elapsed = stopwatch();
  for await (const _event of reader);
  return each(elapsed(), steps - 1);
}

async function sequenceOf(decoder: Decoder, { tokens }: Task, count: number): Promise<Sequence> {
  const sequence = decoder.createSequence();
  await sequence.forward(tokens.slice(0, count));
  return sequence;
}

async function prefilled(decoder: Decoder, task: Task, count: number, perToken: Elapsed): Promise<Sequence | undefined> {
  return count * perToken.wall > LONGEST_PREFILL_MILLISECONDS ? undefined : sequenceOf(decoder, task, count);
}

function summarize(rounds: readonly Round[], wasmBytes: number, decodeBytes?: number): EngineFigures {
  const longs = rounds.flatMap(({ long }) => long ?? []);
  const shares = rounds.flatMap(({ short, readRates }) =>
    readRates && decodeBytes ? [((decodeBytes / short.cpu) * 1000) / Math.max(...Object.values(readRates))] : [],
  );
  const reads = rounds.flatMap(({ readRates }) => readRates ?? []);
  return {
    short: medianFigures(rounds.map(({ short }) => short)),
    prefill: medianFigures(rounds.map(({ prefill }) => prefill)),
    generated: medianFigures(rounds.map(({ generated }) => generated)),
    wasmBytes,
    ...(longs.length > 0 && {
      long: medianFigures(longs),
      longOverShort: median(rounds.map(({ short, long }) => long!.cpu / short.cpu)),
    }),
    ...(reads.length > 0 && { readRates: medianFigures(reads), bandwidthShare: median(shares) }),
  };
}
