import { GptEdgeError } from '../../core/errors.ts';
import type { WorkBudget } from '../../generation/work-budget.ts';
import type { RequestRecord } from './request-record.ts';

/**
 * Ends a request with the error `timeout` so many milliseconds after it came; never, if none are given.
 * @returns a function that calls that off
 */
export function endAfter(milliseconds: number | null | undefined, budget: WorkBudget, { started }: RequestRecord): () => void {
  if (milliseconds == null) return () => {};
  const end = () => budget.abort(new GptEdgeError('timeout', `The request has taken ${milliseconds} ms.`, { param: 'timeout_ms' }));
  // The clock may have been set back since the request came.
  const timer = setTimeout(end, Math.min(milliseconds, Math.max(0, started + milliseconds - Date.now())));
  return () => clearTimeout(timer);
}
