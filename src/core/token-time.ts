/**
 * How many times as long a multiply-add takes when tokens are fed one by one: all weights are read for a single row.
 * Measured with the edge engine: 2.3 to 2.6.
 */
export const STEP_FACTOR = 2.5;

/** Multiply-adds of a prompt that the edge engine does in a millisecond of one Zen 4 core, by `npm run bench`. */
const PER_MILLISECOND_Q4 = 60e6;
const PER_MILLISECOND = 27e6;

/**
 * Estimates the milliseconds of processor time that a token takes on the edge engine, of a prompt and of a completion,
 * while nobody else shares its steps.
 */
export function tokenMilliseconds(manifest: { readonly multiplyAddsPerToken: number; readonly dtype: string }): {
  prompt: number;
  completion: number;
} {
  const prompt = manifest.multiplyAddsPerToken / (manifest.dtype === 'q4' ? PER_MILLISECOND_Q4 : PER_MILLISECOND);
  return { prompt, completion: STEP_FACTOR * prompt };
}
