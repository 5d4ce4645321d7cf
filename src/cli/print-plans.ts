import type { PlannedModel } from '../local/plan-models.ts';

/** Prints one line for each model: its engine, and what it needs in a Worker, part by part. */
export async function printPlans(models: readonly PlannedModel[]): Promise<void> {
  const { describeMemoryPlan } = await import('../core/memory-plan.ts');
  for (const { id, planned, limitMegabytes } of models)
    console.log(`${id} runs on the ${planned.engine} engine, within ${limitMegabytes} MB. It needs ${describeMemoryPlan(planned.memory)}.`);
}
