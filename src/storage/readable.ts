import { GptEdgeError } from '../core/errors.ts';
import { within } from '../core/within.ts';

/**
 * Awaits what the bucket owes of a file.
 * @param label names the file in the message
 * @throws GptEdgeError `model_unavailable` if it fails, or stands still for so many milliseconds
 */
export function readable<T>(owed: Promise<T>, label: string, silenceMs: number): Promise<T> {
  const late = () => new Error(`the bucket has not answered for ${silenceMs / 1000} s`);
  return within(owed, silenceMs, late).catch((cause) => unavailable(label, 'cannot be read', cause));
}

/** @throws GptEdgeError `model_unavailable`, which says what is the matter with a file, and the cause of it */
export function unavailable(label: string, what: string, cause?: unknown): never {
  if (cause instanceof GptEdgeError && cause.code === 'model_unavailable') throw cause;
  const reason = cause instanceof Error && !what.includes(cause.message) ? ` (${cause.message})` : '';
  throw new GptEdgeError('model_unavailable', `The file ${label} ${what}${reason}.`, { param: 'model', cause });
}
