import { DEFAULT_MEMORY_LIMIT_MB, type MemoryPlan } from '../../core/memory-plan.ts';
import { printLines } from '../printing/print-lines.ts';

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;

/** Prints what a model needs in a Worker, and what is left of an isolate's memory. */
export function printMemoryPlan({ parts, totalBytes }: MemoryPlan): void {
  const left = DEFAULT_MEMORY_LIMIT_MB * 1e6 - totalBytes;
  printLines([
    ...parts.map(({ name, bytes }) => [name, megabytes(bytes)] as const),
    ['in all', megabytes(totalBytes)],
    [
      `of ${DEFAULT_MEMORY_LIMIT_MB} MB`,
      left >= 0 ? `${megabytes(left)} are left` : `${megabytes(-left)} too much: it does not fit a Worker`,
    ],
  ]);
}
