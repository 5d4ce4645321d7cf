import type { Manifest } from '../core/folder/manifest.ts';
import type { MemoryPlan } from '../core/memory-plan.ts';

/** A model folder that was written just now. */
interface Converted {
  readonly path: string;
  readonly manifest: Manifest;
  /** What was decided for the user, a sentence each. */
  readonly notes: readonly string[];
  readonly engine: string;
  readonly memory: MemoryPlan;
}

/** Prints what a new model folder holds, where it came from, and what it needs in a Worker. */
export async function printConverted({ path, manifest, notes, engine, memory }: Converted): Promise<void> {
  const { describeDtype, folderBytes } = await import('../core/folder/manifest.ts');
  const { describeMemoryPlan } = await import('../core/memory-plan.ts');
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
  console.log(`In a Worker, on the ${engine} engine, it takes ${describeMemoryPlan(memory)}`);
}
