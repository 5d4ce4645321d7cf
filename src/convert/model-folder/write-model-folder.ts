import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { GptEdgeError } from '../../core/errors.ts';
import type { Manifest } from '../../core/folder/manifest.ts';
import type { SmallFiles } from '../files/json-files.ts';
import { type ManifestFacts, writeManifest } from './write-manifest.ts';

/** What a model folder is made of. */
export interface ModelFolderContents extends SmallFiles {
  readonly facts: ManifestFacts;
  /** Writes the graph and its external data into the folder. */
  writeGraph(folder: string): Promise<void>;
}

/**
 * Writes a model folder: the small files, the graph, and last the manifest, which hashes all of them. Everything is
 * written into a folder beside `target`, which takes its place when it is complete. On failure `target` is left as it
 * was, and nothing is left beside it. Folders above it are made if they are missing.
 * @param paths.source what the model is converted from; it must outlive the replacement
 * @param paths.check called with the complete folder before it takes the target's place
 * @throws GptEdgeError `invalid_value` if `target` exists and is not a model folder, or contains `source`; and whatever
 *   `writeGraph` and `check` throw
 */
export async function writeModelFolder(
  { source, target, check }: { readonly source: string; readonly target: string; readonly check?: (folder: string) => Promise<void> },
  { files, facts, writeGraph }: ModelFolderContents,
): Promise<Manifest> {
  return replaceFolder(resolve(target), source, async (folder) => {
    for (const [name, bytes] of files) await writeFile(join(folder, name), bytes);
    await writeGraph(folder);
    const manifest = await writeManifest(folder, facts);
    await check?.(folder);
    return manifest;
  });
}

async function replaceFolder<T>(path: string, source: string, fill: (folder: string) => Promise<T>): Promise<T> {
  const exists = await checkTarget(path, source);
  const folder = `${path}.partial-${randomUUID()}`;
  await mkdir(folder, { recursive: true }).catch((cause) => {
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

/** Whether `path` is a model folder that may be replaced. Throws if it is something else. */
async function checkTarget(path: string, source: string): Promise<boolean> {
  if (!(await exists(path))) return false;
  const refuse = (problem: string) => new GptEdgeError('invalid_value', `${path} ${problem}`, { param: 'target' });
  if (!(await exists(join(path, 'manifest.json'))))
    throw refuse('exists and is not a model folder (it has no manifest.json); nothing was written');
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
