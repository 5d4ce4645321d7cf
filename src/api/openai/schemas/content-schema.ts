import { z } from '@hono/zod-openapi';
import { ignored } from './field-types.ts';

/** The most parts of a message. Clients that split a message send a few, and one string can hold any text. */
export const MAX_PARTS = 64;

export const CONTENT_RULE = `must be a string or up to ${MAX_PARTS} parts of the type text`;

/** What a message says: a text, or parts that are joined. */
export const contentSchema = z.union(
  [
    z.string(),
    z
      .array(
        z.strictObject({ type: z.literal('text'), text: z.string(), prompt_cache_breakpoint: ignored(z.record(z.string(), z.unknown())) }),
      )
      .min(1, 'must not be empty')
      .max(MAX_PARTS),
  ],
  { error: CONTENT_RULE },
);
