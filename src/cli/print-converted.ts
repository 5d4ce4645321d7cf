import type { Manifest } from '../core/folder/manifest.ts';

/** A model folder that was written just now. */
interface Converted {
  readonly path: string;
  readonly manifest: Manifest;
  /** What was decided for the user, a sentence each. */
  readonly notes: readonly string[];
}

/** Prints what a new model folder holds, where it came from, and what was decided. */
export async function printConverted({ path, manifest, notes }: Converted): Promise<void> {
  const { describeDtype, folderBytes } = await import('../core/folder/manifest.ts');
  const { id, architecture, parameters, contextWindow } = manifest;
  const facts = [
    id,
    architecture,
    `${(parameters / 1e6).toFixed(1)}M parameters`,
    describeDtype(manifest),
    `${(folderBytes(manifest) / 1e6).toFixed(1)} MB`,
  ];
  console.log(`${path}: ${facts.join(', ')}, context window ${contextWindow}`);
  console.log(`From ${manifest.source}`);
  for (const note of notes) console.log(note);
}
