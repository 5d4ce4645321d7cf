import { medianFigures } from '../median.ts';
import { type Elapsed, each } from '../stopwatch.ts';
import type { Task } from '../task.ts';
import { BenchWorker, type WorkerJob } from './bench-worker.ts';

/** Times of the Worker. Processor time is that of the whole workerd process. */
export interface WorkerFigures {
  /** The build of the kernels that workerd's V8 makes the Worker choose. */
  readonly kernels: string;
  /** From the first request to a fresh isolate, with the model in R2, to the first token. */
  readonly coldStart: Elapsed;
  /** Time of prefill per prompt token, taken as the time to the first chunk of a completion. */
  readonly prefill: Elapsed;
  /** Time of decode per token, streamed, after a short past. */
  readonly short: Elapsed;
  /** The same without streaming: the time that each further token adds to an answer. */
  readonly whole: Elapsed;
}

const TIMES = 5;
/** Tokens of the first prompt. */
export const COLD_PROMPT_TOKENS = 16;

/** Measures the Worker in workerd through its HTTP API, as a client sees it. */
export async function measureWorker(job: WorkerJob, task: Task): Promise<WorkerFigures> {
  const worker = await BenchWorker.start(job);
  try {
    const kernels = await worker.kernels();
    const cold = await worker.complete(task.tokens.slice(0, Math.min(COLD_PROMPT_TOKENS, task.short)), 1);
    const prefill = await worker.completeOften(TIMES, task.tokens.slice(0, task.prefill), 1);
    const decode = await worker.completeOften(TIMES, task.tokens.slice(0, task.short), task.steps + 1);
    const whole = await timeWhole(worker, task);
    return { kernels, coldStart: cold.first, prefill: each(prefill.first, task.prefill), short: each(decode.rest, task.steps), whole };
  } finally {
    await worker.stop();
  }
}

async function timeWhole(worker: BenchWorker, { tokens, short, steps }: Task): Promise<Elapsed> {
  const times: Elapsed[] = [];
  for (let time = 0; time < TIMES; time++) {
    const one = await worker.completeWhole(tokens.slice(0, short), 1);
    const all = await worker.completeWhole(tokens.slice(0, short), steps + 1);
    times.push(each({ wall: all.wall - one.wall, cpu: all.cpu - one.cpu }, steps));
  }
  return medianFigures(times);
}
