import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Manifest, parseManifest } from '../core/folder/manifest.ts';
import { hashFile } from './files/hash-file.ts';

/**
 * Writes a folder's manifest.json over all of its files. The same folder gives the same bytes.
 * @throws GptEdgeError `invalid_file` when the facts make no valid manifest
 */
export async function writeManifest(folder: string, facts: Omit<Manifest, 'format' | 'files'>): Promise<Manifest> {
  const files: Manifest['files'] = {};
  for (const name of (await readdir(folder)).sort()) files[name] = await hashFile(join(folder, name));
  const text = `${JSON.stringify({ format: 1, ...facts, files }, null, 2)}\n`;
  // What the Worker would refuse is not written.
  const manifest = parseManifest(text);
  await writeFile(join(folder, 'manifest.json'), text);
  return manifest;
}
