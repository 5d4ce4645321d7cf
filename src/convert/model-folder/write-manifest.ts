import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Manifest, parseManifest } from '../../core/folder/manifest.ts';
import { hashFile } from '../files/hash-file.ts';

/** What a manifest states about a model; the rest is read from the folder. */
export type ManifestFacts = Omit<Manifest, 'format' | 'files'>;

/**
 * Writes a folder's manifest.json, with the size and hashes of every file in it. The same folder gives the same bytes.
 * @throws GptEdgeError `invalid_file` if the facts do not make a valid manifest
 */
export async function writeManifest(folder: string, facts: ManifestFacts): Promise<Manifest> {
  const files: Manifest['files'] = {};
  for (const name of (await readdir(folder)).sort()) files[name] = await hashFile(join(folder, name));
  const text = `${JSON.stringify({ format: 1, ...facts, files }, null, 2)}\n`;
  // The Worker parses the manifest in the same way: one that it would refuse is not written.
  const manifest = parseManifest(text);
  await writeFile(join(folder, 'manifest.json'), text);
  return manifest;
}
