import { GptEdgeError } from '../core/errors.ts';
import type { Manifest } from '../core/folder/manifest.ts';
import { printPlans } from './print-plans.ts';

/** A model folder that was written just now. */
interface Converted {
  readonly path: string;
  readonly manifest: Manifest;
  /** What was decided for the user, a sentence each. */
  readonly notes: readonly string[];
}

/**
 * Prints what a new model folder holds, where it came from, and how a Worker will run it; warns if it will refuse it.
 * @param vars the Worker's variables
 */
export async function printConverted({ path, manifest, notes }: Converted, vars: Readonly<Record<string, string>> = {}): Promise<void> {
  const { describeDtype, folderBytes } = await import('../core/folder/manifest.ts');
  const { openModelFolder } = await import('../local/model-folder.ts');
  const { planModels } = await import('../local/plan-models.ts');
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
  try {
    await printPlans(await planModels([await openModelFolder(path)], vars));
  } catch (error) {
    if (!(error instanceof GptEdgeError && error.code === 'memory_limit_exceeded')) throw error;
    console.error(`Warning: a Worker will refuse it. ${error.message}`);
  }
}
