import { z } from '@hono/zod-openapi';

/** A number in a range, both ends included. Whatever is wrong with a value, the message states the whole rule. */
export function numberBetween(min: number, max: number) {
  const error = `must be a number from ${min} to ${max}`;
  return z.number({ error }).min(min, { error }).max(max, { error });
}

/** A whole number in a range, both ends included. */
export function integerBetween(min: number, max: number) {
  const error = `must be a whole number from ${min} to ${max}`;
  return z.number({ error }).int({ error }).min(min, { error }).max(max, { error });
}

/** A field that is accepted and changes nothing; null is the same as leaving it out. */
export const ignored = <T extends z.ZodType>(schema: T) => schema.nullish().openapi({ description: 'Accepted, without effect.' });

/**
 * Documents a field whose fallback is always the same. It only documents: the routes apply the fallback, because a
 * default of zod's own would not let null stand for a field that was left out.
 */
export const documentDefault = <T extends number | boolean | string>(description: string, value: T) => ({
  description: `${description} Default ${value}.`.trim(),
  default: value,
});

/**
 * Documents a field whose fallback is the model's recommendation; `x-fallback` is what holds where the model has none.
 */
export const documentModelDefault = (description: string, fallback: number) => ({
  description: `${description} Default: the model's, else ${fallback}.`,
  'x-fallback': fallback,
});
