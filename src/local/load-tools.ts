import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { GptEdgeError } from '../core/errors.ts';

/**
 * wrangler and miniflare are CommonJS in files of 15 and 6 MB. `import` parses each of them once more, to find the
 * names that it exports, which takes longer than to run it; `require` does not.
 */
const require = createRequire(import.meta.url);

/** @throws GptEdgeError `command_failed` if the package is not installed */
export const miniflare = (): typeof import('miniflare') => load('miniflare');

/** @throws GptEdgeError `command_failed` if the package is not installed */
export const wrangler = (): typeof import('wrangler') => load('wrangler');

/**
 * Path of a file of the package wrangler, whose `exports` do not name it.
 * @throws GptEdgeError `command_failed` if the package is not installed
 */
export function wranglerFile(path: string): string {
  return join(dirname(whereInstalled('wrangler', () => require.resolve('wrangler/package.json'))), path);
}

const load = (name: string) => whereInstalled(name, () => require(name));

/** Both are optional peer dependencies: a Worker that only imports gpt-edge does without them. */
function whereInstalled<T>(name: string, use: () => T): T {
  try {
    return use();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw cause;
    throw new GptEdgeError(
      'command_failed',
      `The package ${name} cannot be loaded. npm install --save-dev wrangler miniflare installs what is needed.`,
      { cause },
    );
  }
}
