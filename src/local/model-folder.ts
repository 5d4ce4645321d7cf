import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { GptEdgeError } from '../core/errors.ts';
import { type Manifest, parseManifest } from '../core/folder/manifest.ts';
import { MAX_CONFIG_BYTES } from '../core/limits.ts';
import { DEFAULT_MODEL } from './project-paths.ts';

/** A model folder on disk. */
export interface ModelFolder {
  path: string;
  manifest: Manifest;
}

/**
 * Opens the folders of the models to serve, or the default model's where none is named.
 * @throws GptEdgeError `invalid_file` as `openModelFolder`; `invalid_value` for two models of one id
 */
export async function openModelFolders(paths: readonly string[]): Promise<ModelFolder[]> {
  const folders = await Promise.all((paths.length > 0 ? paths : [DEFAULT_MODEL]).map(openModelFolder));
  const [twice] = folders.filter(({ manifest }, index) => folders.findIndex((other) => other.manifest.id === manifest.id) < index);
  if (twice)
    throw new GptEdgeError(
      'invalid_value',
      `${twice.path}: there is another model with the id ${twice.manifest.id}. gpt-edge convert --id gives one another name.`,
    );
  return folders;
}

/**
 * Opens a folder by its manifest and checks the sizes of its files; their hashes are checked as they are read.
 * @throws GptEdgeError `invalid_file` where the folder is no model or a file is missing or of another size
 */
export async function openModelFolder(path: string): Promise<ModelFolder> {
  const manifestPath = join(path, 'manifest.json');
  const info = await stat(manifestPath).catch(() => null);
  if (info === null)
    throw new GptEdgeError('invalid_file', `${path} is no model folder: it has no manifest.json. gpt-edge convert makes one.`);
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
