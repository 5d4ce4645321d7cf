import { join } from 'node:path';
import { graphWeights } from '../inspect/graph-weights.ts';
import { printFacts, printMemoryPlan } from '../inspect/print-facts.ts';
import { printTensorGroups } from '../inspect/tensor-group.ts';
import { openModelFolder } from '../model-folder.ts';

/** Prints what is known of a model folder: facts, weights, and what it needs in a Worker. */
export async function inspect(path: string): Promise<void> {
  const { manifest } = await openModelFolder(path);
  printFacts(manifest);
  console.log('\nWeights');
  printTensorGroups(await graphWeights(join(path, 'model.onnx')));
  console.log('\nMemory in a Worker, for one sequence of the whole context window (an estimate from above)');
  printMemoryPlan(manifest);
}
