import type { EngineFigures } from '../contenders/engine-figures.ts';
import { serveContender } from '../contenders/run-contender.ts';
import { median, medianFigures } from '../median.ts';
import { type Elapsed, each, stopwatch } from '../stopwatch.ts';
import type { Task } from '../task.ts';
import type { PeerJob } from './peer.ts';

/**
 * The part of node-llama-cpp that is used here. The project does not depend on it, so its types are not available.
 */
interface LlamaCpp {
  getLlama(options: object): Promise<{
    loadModel(options: object): Promise<{
      createContext(options: object): Promise<{ getSequence(): LlamaSequence }>;
    }>;
  }>;
}
interface LlamaSequence {
  evaluate(tokens: readonly number[], options: object): AsyncGenerator<number>;
  clearHistory(): Promise<void>;
}

const ROUNDS = 3;

/** Measures llama.cpp with one thread. node-llama-cpp's prebuilt binary selects its code for this processor. */
await serveContender(async ({ gguf, task }: PeerJob): Promise<EngineFigures> => {
  const specifier = 'node-llama-cpp';
  const { getLlama } = (await import(specifier)) as LlamaCpp;
  const llama = await getLlama({ gpu: false, build: 'never', skipDownload: true, progressLogs: false, logLevel: 'error' });
  const model = await llama.loadModel({ modelPath: gguf });
  const context = await model.createContext({ contextSize: task.long + 2 * task.steps, batchSize: 512, threads: 1, sequences: 1 });
  const sequence = context.getSequence();
  await timeRun(sequence, task, task.prefill);
  const rounds: { short: Elapsed; long: Elapsed; prefill: Elapsed }[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const { step: short } = await timeRun(sequence, task, task.short);
    const { step: long } = await timeRun(sequence, task, task.long);
    const { prefill } = await timeRun(sequence, task, task.prefill);
    rounds.push({ short, long, prefill });
  }
  return { ...medianFigures(rounds), longOverShort: median(rounds.map(({ short, long }) => long.cpu / short.cpu)) };
});

/** Prefills `count` tokens, then takes greedy decode steps. @returns times per token */
async function timeRun(sequence: LlamaSequence, { tokens, steps }: Task, count: number): Promise<{ prefill: Elapsed; step: Elapsed }> {
  await sequence.clearHistory();
  const generated = sequence.evaluate(tokens.slice(0, count), { temperature: 0, yieldEogToken: true });
  const whole = stopwatch();
  await generated.next();
  const prefill = each(whole(), count);
  const elapsed = stopwatch();
  for (let step = 0; step < steps; step++) await generated.next();
  const step = each(elapsed(), steps);
  await generated.return(undefined);
  return { prefill, step };
}
