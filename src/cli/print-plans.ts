import type { PlannedModel } from '../local/plan-models.ts';

/** Prints for each model its engine, what it needs in a Worker, part by part, and how much of its context window is served. */
export async function printPlans(models: readonly PlannedModel[]): Promise<void> {
  const { describeMemoryPlan, isolateBytes, upToTenths } = await import('../core/memory-plan.ts');
  for (const { id, planned, modelWindow, limitMegabytes } of models) {
    console.log(`${id} runs on the ${planned.engine} engine, within ${limitMegabytes} MB. It needs ${describeMemoryPlan(planned.memory)}.`);
    const window = describeWindow(planned, modelWindow, limitMegabytes);
    if (window !== undefined) console.log(`${id}: ${window}.`);
  }
  if (models.length < 2) return;
  const together = isolateBytes(models.map(({ planned }) => planned.memory));
  const [{ limitMegabytes }] = models;
  const outcome =
    together <= limitMegabytes * 1e6
      ? 'so they stay loaded side by side'
      : `more than ${limitMegabytes} MB, so one that no request uses is unloaded when another needs its room`;
  console.log(`The ${models.length} models take ${upToTenths(together)} together, ${outcome}.`);
}

/** Says how much of a model's context window is served; undefined if that is all of it, or if the model is refused. */
export function describeWindow(
  { contextWindow, isWindowChosen, memory }: PlannedModel['planned'],
  modelWindow: number,
  limitMegabytes: number,
): string | undefined {
  if (contextWindow === modelWindow || memory.totalBytes > limitMegabytes * 1e6) return undefined;
  const share = `${contextWindow.toLocaleString('en')} of ${modelWindow.toLocaleString('en')} tokens of the context window`;
  return isWindowChosen ? `${share} are served, as chosen` : `${share} fit into ${limitMegabytes} MB`;
}
