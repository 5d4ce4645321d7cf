import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Manifest, parseManifest } from '../core/folder/manifest.ts';

/**
 * Replaces the manifest of a model folder as a whole: whoever reads the folder meanwhile finds the old one or the new
 * one.
 * @throws GptEdgeError `invalid_file` for a manifest that a Worker would refuse
 */
export async function replaceManifest(path: string, manifest: Manifest): Promise<void> {
  const text = `${JSON.stringify(manifest, null, 2)}\n`;
  parseManifest(text);
  const partial = join(path, 'manifest.json.partial');
  await writeFile(partial, text);
  await rename(partial, join(path, 'manifest.json'));
}
