import { execFile } from 'node:child_process';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';

/**
 * Part of npm's `prepare`: compiles the library when npm installs this repository as a dependency from a git URL, for
 * which it does not run `prepack`. An installation in a checkout does not need it; there, npm was called from inside.
 */
const PROJECT = join(import.meta.dirname, '..');
const calledFrom = process.env.INIT_CWD ?? PROJECT;

if (relative(PROJECT, calledFrom).startsWith('..')) {
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  await promisify(execFile)(npm, ['run', 'prepack'], { cwd: PROJECT, shell: process.platform === 'win32' });
}
