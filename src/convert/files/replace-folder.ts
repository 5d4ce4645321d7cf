import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { GptEdgeError } from '../../core/errors.ts';

/**
 * Makes `target` by letting `fill` write into a folder beside it, which takes its place when complete. On failure `target` is as it
 * was, and nothing is left beside it.
 * @param source a folder that must outlive the replacement
 * @throws GptEdgeError `invalid_value` when `target` exists and is no model folder, or holds `source`; and whatever `fill` throws
 */
export async function replaceFolder<T>(target: string, source: string, fill: (folder: string) => Promise<T>): Promise<T> {
  const path = resolve(target);
  const exists = await checkTarget(path, source);
  const folder = `${path}.partial-${randomUUID()}`;
  await mkdir(folder).catch((cause) => {
    throw new GptEdgeError('invalid_value', `${dirname(path)} cannot be written to: ${(cause as Error).message}`, {
      param: 'target',
      cause,
    });
  });
  try {
    const result = await fill(folder);
    if (exists) await swap(path, folder);
    else await rename(folder, path);
    return result;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Whether `path` is a model folder that may be replaced; throws when it is something else. */
async function checkTarget(path: string, source: string): Promise<boolean> {
  if (!(await exists(path))) return false;
  const refuse = (problem: string) => new GptEdgeError('invalid_value', `${path} ${problem}`, { param: 'target' });
  if (!(await exists(join(path, 'manifest.json'))))
    throw refuse('exists and is no model folder (it has no manifest.json); nothing was written');
  if (!relative(path, resolve(source)).startsWith('..')) throw refuse('holds the source; nothing was written');
  return true;
}

async function swap(path: string, folder: string): Promise<void> {
  const old = `${folder}-old`;
  await rename(path, old);
  try {
    await rename(folder, path);
  } catch (error) {
    await rename(old, path);
    throw error;
  }
  await rm(old, { recursive: true, force: true });
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
