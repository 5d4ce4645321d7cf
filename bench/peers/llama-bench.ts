import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { EngineFigures } from '../contenders/engine-figures.ts';
import type { Elapsed } from '../stopwatch.ts';
import type { PeerJob } from './peer.ts';

/** One of llama-bench's results. */
interface Test {
  /** Its name, such as `pp256` for a prompt of 256 tokens, or `tg24@pp50` for 24 tokens generated after 50. */
  readonly test: string;
  /** Nanoseconds of each repetition. */
  readonly samples_ns: readonly number[];
}

/**
 * Measures a native build of ik_llama.cpp with one thread, by its own benchmark. That measures time by the clock
 * alone, so the fastest of its repetitions is taken: the one that other programs on the machine disturbed least.
 */
export async function measureLlamaBench(binary: string, { gguf, task }: PeerJob): Promise<EngineFigures> {
  const { prefill, short, long, steps } = task;
  const afterPrompts = [short, long].flatMap((count) => ['-gp', `${count},${steps}`]);
  const args = ['-m', gguf, '-t', '1', '-p', String(prefill), '-n', '0', ...afterPrompts, '-r', '5', '-o', 'json'];
  const { stdout } = await promisify(execFile)(binary, args);
  const tests = JSON.parse(stdout) as Test[];
  const each = (name: string, count: number): Elapsed => {
    const samples = tests.find(({ test }) => test === name)?.samples_ns;
    if (samples === undefined) throw new Error(`${binary} has not measured ${name}.`);
    const milliseconds = Math.min(...samples) / 1e6 / count;
    return { wall: milliseconds, cpu: milliseconds };
  };
  const [shortStep, longStep] = [each(`tg${steps}@pp${short}`, steps), each(`tg${steps}@pp${long}`, steps)];
  return { short: shortStep, long: longStep, prefill: each(`pp${prefill}`, prefill), longOverShort: longStep.cpu / shortStep.cpu };
}
