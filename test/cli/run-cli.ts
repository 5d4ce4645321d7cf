import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { PROJECT } from '../../src/local/project-paths.ts';

export interface CliResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs `gpt-edge` to its end, or until `until` is printed: then it is interrupted as Ctrl+C does. */
export function runCli(args: readonly string[], until?: string | ((stdout: string) => Promise<void> | undefined)): Promise<CliResult> {
  const child = spawn(process.execPath, [join(PROJECT, 'bin', 'gpt-edge.js'), ...args], { env: { ...process.env, NO_COLOR: '1' } });
  return new Promise((resolve, reject) => {
    let [stdout, stderr] = ['', ''];
    let isAsked = false;
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
      // What is asked is logged, and so is more output.
      if (isAsked) return;
      const answered = typeof until === 'function' ? until(stdout) : until && stdout.includes(until) ? Promise.resolve() : undefined;
      if (!answered) return;
      isAsked = true;
      answered.catch(reject).finally(() => child.kill('SIGINT'));
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    child.once('error', reject).once('close', (code) => resolve({ code, stdout, stderr }));
  });
}
