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
 * positions, which is over the limit. A longer window never needs less memory, and among long ones every position
 * needs about the same. So the length is estimated from two plans, and then corrected step by step.
 */
export function fitWindow<T extends PlannedWindow>({ step, planFor }: WindowChoice<T>, { own, limitBytes }: WindowLimits): T {
  const least = Math.min(LEAST_WINDOW, own);
  const fits = ({ memory }: PlannedWindow) => memory.totalBytes <= limitBytes;
  const [smallest, whole] = [planFor(least), planFor(own)];
  if (fits(whole)) return whole;
  if (least === own || !fits(smallest)) return smallest;
  const half = Math.ceil((least + own) / 2);
  const bytesPerPosition = (whole.memory.totalBytes - planFor(half).memory.totalBytes) / (own - half);
  const estimate = Math.max(least, own - (whole.memory.totalBytes - limitBytes) / bytesPerPosition);
  let window = Math.floor(estimate / step) * step;
  let best = smallest;
  while (window > least && best === smallest) {
    const plan = planFor(window);
    if (fits(plan)) best = plan;
    else window -= step;
  }
  for (window += step; window < own; window += step) {
    const longer = planFor(window);
    if (!fits(longer)) break;
    best = longer;
  }
  return best;
}
