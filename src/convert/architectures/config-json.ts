import { z } from 'zod';
import { GptEdgeError } from '../../core/errors.ts';

/** Accepts a whole number from 1 to `max`. */
export const countSchema = (max: number) => z.number().int().min(1).max(max);

/** The arguments of zod's `refine` for a model whose width is divided among its heads. */
export const wholeHeads: [
  check: (config: { hidden_size: number; num_attention_heads: number }) => boolean,
  failure: { path: string[]; message: string },
] = [
  (config) => config.hidden_size % config.num_attention_heads === 0,
  { path: ['hidden_size'], message: 'is not a multiple of num_attention_heads' },
];

/**
 * Reads the fields of config.json that an architecture needs.
 * @throws GptEdgeError `invalid_file`, naming the first field at fault, its value and what is allowed
 */
export function parseConfig<T>(schema: z.ZodType<T>, json: unknown): T {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw failConfig(json, parsed.error.issues[0]);
}

/** The error for a field of config.json, naming it, its value and the problem. */
export function failConfig(json: unknown, { path, message }: z.core.$ZodIssue): GptEdgeError {
  const value = path.reduce<unknown>((part, key) => (part as Record<PropertyKey, unknown> | undefined)?.[key], json);
  return new GptEdgeError('invalid_file', `config.json: ${path.join('.')}: ${JSON.stringify(value)?.slice(0, 80)}: ${message}`, {
    param: 'config.json',
  });
}

/** A setting of config.json, its value, and the values that are implemented. */
export interface Setting {
  readonly field: string;
  readonly value: unknown;
  readonly supported: readonly unknown[];
}

/** @throws GptEdgeError `unsupported_model` for the first setting whose value is not supported, naming both */
export function refuseUnsupported(modelType: string, settings: readonly Setting[]): void {
  const refused = settings.find(({ value, supported }) => !supported.includes(value));
  if (!refused) return;
  const value = JSON.stringify(refused.value)?.slice(0, 80);
  const message = `config.json: ${refused.field} ${value} is not supported for ${modelType}; supported: ${refused.supported.map(String).join(', ')}`;
  throw new GptEdgeError('unsupported_model', message, { param: 'config.json' });
}

/**
 * Returns how many positions a model folder keeps: all that the model has, or fewer if fewer were asked for.
 * @param model config.json's field for the model's positions, and its value
 * @throws GptEdgeError `invalid_value` if more were asked for than the model has
 */
export function chooseContextWindow(asked: number | undefined, model: { field: string; value: number }): number {
  if (asked === undefined || asked <= model.value) return asked ?? model.value;
  const message = `contextWindow ${asked} is over the model's ${model.field} of ${model.value}`;
  throw new GptEdgeError('invalid_value', message, { param: 'contextWindow' });
}
