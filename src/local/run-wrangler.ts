import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { GptEdgeError } from '../core/errors.ts';
import { PROJECT } from './project-paths.ts';

const require = createRequire(import.meta.url);

/**
 * Runs wrangler in the project's folder.
 * @returns what it wrote to standard output
 * @throws GptEdgeError `command_failed`, with everything that wrangler printed, if it fails
 */
export async function runWrangler(args: readonly string[]): Promise<string> {
  const wrangler = join(dirname(require.resolve('wrangler/package.json')), 'bin', 'wrangler.js');
  const env = { ...process.env, WRANGLER_SEND_METRICS: 'false', NO_COLOR: '1', FORCE_COLOR: '0' };
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [wrangler, ...args], { cwd: PROJECT, env, maxBuffer: 2 ** 26 });
    return stdout;
  } catch (cause) {
    const { stdout = '', stderr = '' } = cause as { stdout?: string; stderr?: string };
    throw new GptEdgeError('command_failed', `wrangler ${args.slice(0, 3).join(' ')} failed:\n${(stderr + stdout).trim()}`, { cause });
  }
}
