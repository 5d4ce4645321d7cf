import { z } from '@hono/zod-openapi';

/** A number in a range, both ends included. Whatever is wrong with a value, the message tells the whole rule. */
export function numberBetween(min: number, max: number) {
  const error = `must be a number from ${min} to ${max}`;
  return z.number({ error }).min(min, { error }).max(max, { error });
}

/** A whole number in a range, both ends included. */
export function integerBetween(min: number, max: number) {
  const error = `must be a whole number from ${min} to ${max}`;
  return z.number({ error }).int({ error }).min(min, { error }).max(max, { error });
}
