import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ConvertedAdapter } from '../convert/adapters/convert-adapter.ts';
import { hashFile } from '../convert/files/hash-file.ts';
import { GptEdgeError } from '../core/errors.ts';
import { adapterFiles } from '../core/folder/adapter-files.ts';
import type { Manifest } from '../core/folder/manifest.ts';
import type { ModelFolder } from './model-folder.ts';
import { replaceManifest } from './replace-manifest.ts';

/**
 * Puts a converted adapter into its base model's folder, where its files become the folder's. One of the same name is
 * replaced.
 * @throws GptEdgeError `invalid_file` for a folder that has too many adapters
 */
export async function storeAdapter({ path, manifest }: ModelFolder, { files }: ConvertedAdapter): Promise<void> {
  const hashes: Manifest['files'] = {};
  for (const [file, bytes] of files) {
    await mkdir(dirname(join(path, file)), { recursive: true });
    await writeFile(join(path, `${file}.partial`), bytes);
    hashes[file] = await hashFile(join(path, `${file}.partial`));
  }
  for (const file of files.keys()) await rename(join(path, `${file}.partial`), join(path, file));
  await replaceManifest(path, { ...manifest, files: sorted({ ...manifest.files, ...hashes }) });
}

/**
 * Removes an adapter from a model folder.
 * @throws GptEdgeError `invalid_value` if it has none of this name
 */
export async function removeAdapter({ path, manifest }: ModelFolder, name: string): Promise<void> {
  const files = adapterFiles(name);
  if (files === undefined || !(files.manifest in manifest.files))
    throw new GptEdgeError('invalid_value', `${path} has no adapter named ${JSON.stringify(name)}.`, { param: 'adapter' });
  // The manifest goes first, so that it never names a file that is not there.
  await replaceManifest(path, { ...manifest, files: without(name, manifest.files) });
  await rm(dirname(join(path, files.manifest)), { recursive: true, force: true });
}

function without(name: string, files: Manifest['files']): Manifest['files'] {
  const own = Object.values(adapterFiles(name) ?? {});
  return Object.fromEntries(Object.entries(files).filter(([file]) => !own.includes(file)));
}

const sorted = (files: Manifest['files']): Manifest['files'] =>
  Object.fromEntries(Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1)));
