import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { expect, it } from 'vitest';
import { hashFile } from '../../src/convert/files/hash-file.ts';
import { parseManifest } from '../../src/core/folder/manifest.ts';

const ASSETS = join(import.meta.dirname, '../../model-assets');

it('should hold the default model as its manifest describes it', async () => {
  const folder = join(ASSETS, 'tinystories-gpt2');
  const { files, id, license } = parseManifest(await readFile(join(folder, 'manifest.json'), 'utf8'));
  expect({ id, license }).toEqual({ id: 'tinystories-gpt2', license: 'mit' });
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const found = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => relative(folder, join(parentPath, name)));
  expect(found.sort()).toEqual([...Object.keys(files), 'manifest.json'].sort());
  for (const [name, expected] of Object.entries(files)) expect(await hashFile(join(folder, name)), name).toEqual(expected);
});
