import { DEFAULT_MEMORY_LIMIT_MB } from '../core/memory-plan.ts';

/**
 * The variable MEMORY_LIMIT_MB: megabytes that a model may need.
 * @throws Error where it is no positive number
 */
export function parseMemoryLimit(text: string | undefined): number {
  const megabytes = Number(text ?? DEFAULT_MEMORY_LIMIT_MB);
  if (text?.trim() === '' || !(megabytes > 0 && Number.isFinite(megabytes)))
    throw new Error(`MEMORY_LIMIT_MB must be a number of megabytes, not ${JSON.stringify(text)}.`);
  return megabytes;
}
