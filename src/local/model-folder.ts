import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { GptEdgeError } from '../core/errors.ts';
import { type Manifest, parseManifest } from '../core/folder/manifest.ts';
import { MAX_CONFIG_BYTES } from '../core/limits.ts';
import { DEFAULT_MODEL } from './project-paths.ts';

/** A model folder on disk whose manifest has been read. */
export interface ModelFolder {
  path: string;
  manifest: Manifest;
}

/**
 * Opens the folders of the models to serve, or the default model's folder if `paths` is empty.
 * @throws GptEdgeError `invalid_file` as {@link openModelFolder}; `invalid_value` if two models have the same id
 */
export async function openModelFolders(paths: readonly string[]): Promise<ModelFolder[]> {
  const folders = await Promise.all((paths.length > 0 ? paths : [DEFAULT_MODEL]).map(openModelFolder));
  const [twice] = folders.filter(({ manifest }, index) => folders.findIndex((other) => other.manifest.id === manifest.id) < index);
  if (twice)
    throw new GptEdgeError(
      'invalid_value',
      `${twice.path}: there is another model with the id ${twice.manifest.id}. Convert one of them again with another --id.`,
    );
  return folders;
}

/**
 * Opens a model folder: reads its manifest, and checks that each file has the size that the manifest states. Hashes
 * are checked later, by those who read the files.
 * @throws GptEdgeError `invalid_file` if the folder has no valid manifest, or if a file is missing or has a different
 * size
 */
export async function openModelFolder(path: string): Promise<ModelFolder> {
  const manifestPath = join(path, 'manifest.json');
  const info = await stat(manifestPath).catch(() => null);
  if (info === null)
    throw new GptEdgeError('invalid_file', `${path} is not a model folder: it has no manifest.json. gpt-edge convert makes model folders.`);
  if (info.size > MAX_CONFIG_BYTES)
    throw new GptEdgeError('invalid_file', `${manifestPath} has ${info.size} bytes, more than ${MAX_CONFIG_BYTES}.`);
  const manifest = parseManifest(await readFile(manifestPath, 'utf8'), manifestPath);
  for (const [name, { bytes }] of Object.entries(manifest.files)) {
    const size = (await stat(join(path, name)).catch(() => null))?.size;
    if (size !== bytes)
      throw new GptEdgeError(
        'invalid_file',
        `${join(path, name)} is ${size === undefined ? 'missing' : 'damaged'}: ${size ?? 0} bytes, ${bytes} expected.`,
      );
  }
  return { path, manifest };
}
