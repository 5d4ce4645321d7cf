import { execFile } from 'node:child_process';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';

/**
 * npm's `prepare`: compiles the library where npm prepares this repository as a dependency, from a git URL, for which
 * it runs no `prepack`. An installation in a checkout needs none; there npm was called from the checkout itself.
 */
const PROJECT = join(import.meta.dirname, '..');
const calledFrom = process.env.INIT_CWD ?? PROJECT;

if (relative(PROJECT, calledFrom).startsWith('..')) {
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  await promisify(execFile)(npm, ['run', 'prepack'], { cwd: PROJECT, shell: process.platform === 'win32' });
}
