import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { GptEdgeError } from '../core/errors.ts';
import { IS_CHECKOUT, PACKAGE } from '../local/project-paths.ts';

/**
 * Packs this gpt-edge, a checkout or an installed package, into a tarball in `folder`, and returns its file name.
 * @throws GptEdgeError `command_failed` where npm cannot
 */
export async function packPackage(folder: string): Promise<string> {
  // An installed package is compiled already, and has no compiler.
  const args = ['pack', '--json', '--pack-destination', folder, ...(IS_CHECKOUT ? [] : ['--ignore-scripts'])];
  try {
    const { stdout } = await promisify(execFile)('npm', args, { cwd: PACKAGE, maxBuffer: 2 ** 26, shell: process.platform === 'win32' });
    // A checkout's scripts may print something before.
    const [{ filename }] = Object.values(JSON.parse(stdout.slice(stdout.search(/^[[{]/m)))) as [{ filename: string }];
    return filename;
  } catch (cause) {
    throw new GptEdgeError('command_failed', `npm pack failed: ${(cause as Error).message}`, { cause });
  }
}
