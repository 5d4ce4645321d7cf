import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { EngineFigures } from '../contenders/engine-figures.ts';
import type { Elapsed } from '../stopwatch.ts';
import type { PeerJob } from './peer.ts';

interface Test {
  /** `pp256`, `tg24@pp50` */
  readonly test: string;
  readonly samples_ns: readonly number[];
}

/**
 * A native build of ik_llama.cpp with one thread, by its own benchmark. It tells time by the clock alone: of its repetitions the fastest
 * is taken, which on a busy machine favours it least wrongly.
 */
export async function measureLlamaBench(binary: string, { gguf, task }: PeerJob): Promise<EngineFigures> {
  const { prefill, short, long, steps } = task;
  const behind = [short, long].flatMap((count) => ['-gp', `${count},${steps}`]);
  const args = ['-m', gguf, '-t', '1', '-p', String(prefill), '-n', '0', ...behind, '-r', '5', '-o', 'json'];
  const { stdout } = await promisify(execFile)(binary, args);
  const tests = JSON.parse(stdout) as Test[];
  const each = (name: string, count: number): Elapsed => {
    const samples = tests.find(({ test }) => test === name)?.samples_ns;
    if (samples === undefined) throw new Error(`${binary} has not measured ${name}`);
    const milliseconds = Math.min(...samples) / 1e6 / count;
    return { wall: milliseconds, cpu: milliseconds };
  };
  const [nearly, far] = [each(`tg${steps}@pp${short}`, steps), each(`tg${steps}@pp${long}`, steps)];
  return { short: nearly, long: far, prefill: each(`pp${prefill}`, prefill), longOverShort: far.cpu / nearly.cpu };
}
