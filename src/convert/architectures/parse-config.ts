import type { z } from 'zod';
import { GptEdgeError } from '../../core/errors.ts';

/**
 * Reads the fields of config.json that an architecture asks for.
 * @throws GptEdgeError `invalid_file`, naming the first field at fault, its value and what is allowed
 */
export function parseConfig<T>(schema: z.ZodType<T>, json: unknown): T {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [{ path, message }] = parsed.error.issues;
  const value = path.reduce<unknown>((part, key) => (part as Record<PropertyKey, unknown> | undefined)?.[key], json);
  throw new GptEdgeError('invalid_file', `config.json: ${path.join('.')}: ${JSON.stringify(value)?.slice(0, 80)}: ${message}`, {
    param: 'config.json',
  });
}
