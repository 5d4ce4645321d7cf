import { fork } from 'node:child_process';
import { join } from 'node:path';

/**
 * Runs a file of this folder in a process of its own, so that contenders share no memory, compiled code or threads.
 * The file reads its job with {@link serveContender}.
 * @throws Error with what the process wrote, if it ends without figures
 */
export function runContender<Job, Figures>(file: string, job: Job): Promise<Figures> {
  return new Promise((resolve, reject) => {
    const child = fork(join(import.meta.dirname, file), [JSON.stringify(job)], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    let written = '';
    let figures: Figures | undefined;
    for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (text) => (written += text));
    child.on('message', (message) => (figures = message as Figures));
    child.on('error', reject);
    child.on('exit', (code) => {
      if (figures === undefined) reject(new Error(`${file} ended with ${code}: ${written.trim().slice(-2000)}`));
      else resolve(figures);
    });
  });
}

/** The other end, inside the process: runs `measure` on the job, sends the figures, and ends the process. */
export async function serveContender<Job>(measure: (job: Job) => Promise<unknown>): Promise<void> {
  const figures = await measure(JSON.parse(process.argv[2]) as Job);
  process.send!(figures, () => process.exit(0));
}
