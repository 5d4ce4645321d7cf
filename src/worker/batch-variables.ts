import type { FileCaps } from '../batch/batch-service.ts';

/** The variables that bound batches. */
export interface BatchVariables {
  readonly BATCH_FILE_MB?: string;
  readonly BATCH_LINES?: string;
}

/** What the variables are if they are not set, and what they may be at most: what one check of a file can hold. */
const FILE_MEGABYTES = { initial: 100, most: 1000 };
const LINES = { initial: 50_000, most: 200_000 };

/** @throws Error for a variable with an invalid value */
export const parseBatchCaps = ({ BATCH_FILE_MB, BATCH_LINES }: BatchVariables): FileCaps => ({
  maxBytes: parseCap('BATCH_FILE_MB', BATCH_FILE_MB, FILE_MEGABYTES) * 1e6,
  maxLines: parseCap('BATCH_LINES', BATCH_LINES, LINES),
});

function parseCap(name: string, text: string | undefined, { initial, most }: { initial: number; most: number }): number {
  if (text === undefined || text === '') return initial;
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw new Error(`${name} must be a whole number from 1 to ${most}, not ${JSON.stringify(text)}.`);
}
