import type { MemoryPlan } from '../core/memory-plan.ts';

/** A model of whose context window not even so many positions fit is refused: it could hardly answer a question. */
export const LEAST_WINDOW = 256;

/** A context window, and the memory that serving one sequence of that length takes. */
export interface PlannedWindow {
  readonly contextWindow: number;
  readonly memory: MemoryPlan;
}

/** A way to run a model with a context window that is still to be chosen. */
export interface WindowChoice<T extends PlannedWindow> {
  /** A window that is shorter than the model's own is a multiple of so many positions. */
  readonly step: number;
  planFor(contextWindow: number): T;
}

interface WindowLimits {
  /** Positions that the model has. */
  readonly own: number;
  readonly limitBytes: number;
}

/**
 * Plans the longest context window that the memory limit has room for. If that is none, it is the plan of LEAST_WINDOW
 * positions, which is over the limit. Every position takes about the same memory, so the length is estimated from two
 * plans, and then corrected.
 */
export function fitWindow<T extends PlannedWindow>({ step, planFor }: WindowChoice<T>, { own, limitBytes }: WindowLimits): T {
  const whole = planFor(own);
  const least = Math.min(LEAST_WINDOW, own);
  let best = planFor(least);
  if (whole.memory.totalBytes <= limitBytes) return whole;
  if (least === own || best.memory.totalBytes > limitBytes) return best;
  const bytesPerPosition = (whole.memory.totalBytes - best.memory.totalBytes) / (own - least);
  const estimate = least + (limitBytes - best.memory.totalBytes) / bytesPerPosition;
  // Whatever is rounded to whole blocks and cache lines may make a difference of one step, in either direction.
  for (let window = Math.floor(estimate / step - 1) * step; window < own; window += step) {
    if (window <= least) continue;
    const longer = planFor(window);
    if (longer.memory.totalBytes > limitBytes) break;
    best = longer;
  }
  return best;
}
