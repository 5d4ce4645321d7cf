import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { PROJECT } from '../../src/local/project-paths.ts';

export interface CliResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

/**
 * Runs `gpt-edge` until it exits, or interrupts it like Ctrl+C.
 * @param until a text after whose appearance it is interrupted; or a function that is called with the output so far,
 * and returns a promise once it has seen enough: `gpt-edge` is interrupted when that promise settles
 */
export function runCli(args: readonly string[], until?: string | ((stdout: string) => Promise<void> | undefined)): Promise<CliResult> {
  const child = spawn(process.execPath, [join(PROJECT, 'bin', 'gpt-edge.js'), ...args], { env: { ...process.env, NO_COLOR: '1' } });
  return new Promise((resolve, reject) => {
    let [stdout, stderr] = ['', ''];
    let isSeen = false;
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
      // The requests that `until` makes are logged, which is more output: it is called no more.
      if (isSeen) return;
      const answered = typeof until === 'function' ? until(stdout) : until && stdout.includes(until) ? Promise.resolve() : undefined;
      if (!answered) return;
      isSeen = true;
      answered.catch(reject).finally(() => child.kill('SIGINT'));
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    child.once('error', reject).once('close', (code) => resolve({ code, stdout, stderr }));
  });
}
