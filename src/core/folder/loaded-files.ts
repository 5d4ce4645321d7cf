import type { Manifest, ManifestFile } from './manifest.ts';

/** Read by people and by the converter, and by no Worker. */
const NOT_LOADED = ['README.md', 'config.json'];

/** The files that a Worker loads, and that its answers depend on, by name. */
export function loadedFiles({ files }: Manifest): [name: string, file: ManifestFile][] {
  return Object.entries(files)
    .filter(([name]) => !NOT_LOADED.includes(name))
    .sort(([a], [b]) => (a < b ? -1 : 1));
}
