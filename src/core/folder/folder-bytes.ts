import type { Manifest } from './manifest.ts';

/** Bytes of all files that a manifest lists. */
export function folderBytes({ files }: Pick<Manifest, 'files'>): number {
  return Object.values(files).reduce((sum, { bytes }) => sum + bytes, 0);
}
