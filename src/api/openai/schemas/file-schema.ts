import { z } from '@hono/zod-openapi';
import type { StoredFile } from '../../../batch/files/file-store.ts';

/** Seconds for which a file may be kept, in OpenAI's range: an hour to thirty days. */
const MIN_KEPT_SECONDS = 3600;
const MAX_KEPT_SECONDS = 2_592_000;
const keptRule = `must be a whole number from ${MIN_KEPT_SECONDS} to ${MAX_KEPT_SECONDS}`;

/** When a file expires. In a form all values are texts. */
export const expiresAfterSchema = z.strictObject({
  anchor: z.literal('created_at'),
  seconds: z.coerce
    .number({ error: keptRule })
    .int({ error: keptRule })
    .min(MIN_KEPT_SECONDS, { error: keptRule })
    .max(MAX_KEPT_SECONDS, { error: keptRule }),
});

const MAX_FILE_NAME = 256;

/** The fields of an upload, beside the file. */
export const uploadFieldsSchema = z.strictObject({
  purpose: z.literal('batch'),
  filename: z.string().max(MAX_FILE_NAME),
  expires_after: expiresAfterSchema.optional(),
});

/** The form of an upload, as it is documented. */
export const uploadSchema = z
  .object({
    file: z.any().openapi({ type: 'string', format: 'binary', description: 'Requests, each a line of JSON.' }),
    purpose: z.literal('batch'),
    'expires_after[anchor]': z.literal('created_at').optional(),
    'expires_after[seconds]': z.number().int().min(MIN_KEPT_SECONDS).max(MAX_KEPT_SECONDS).optional(),
  })
  .openapi('FileUpload');

export const fileSchema = z
  .object({
    id: z.string(),
    object: z.literal('file'),
    bytes: z.number().int(),
    created_at: z.number().int(),
    expires_at: z.number().int(),
    filename: z.string(),
    purpose: z.enum(['batch', 'batch_output']),
    status: z.literal('processed'),
  })
  .openapi('File');

export type WireFile = z.infer<typeof fileSchema>;

export const toWireFile = ({ id, bytes, created, expires, name, purpose }: StoredFile): WireFile => ({
  ...{ id, object: 'file', bytes, created_at: Math.floor(created / 1000), expires_at: Math.floor(expires / 1000) },
  ...{ filename: name, purpose, status: 'processed' },
});

/** A page of a list, as OpenAI's clients read it. */
export const pageSchema = <T extends z.ZodType>(item: T) =>
  z.object({
    object: z.literal('list'),
    data: z.array(item),
    first_id: z.string().nullable(),
    last_id: z.string().nullable(),
    has_more: z.boolean(),
  });

export const toPage = <T extends { id: string }>(data: T[], has_more: boolean) => ({
  ...{ object: 'list' as const, data, first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null, has_more },
});

/** The `limit` of a list, which is a text in a query. */
export const limitOf = (most: number) => {
  const error = `must be a whole number from 1 to ${most}`;
  return z.coerce
    .number({ error })
    .int({ error })
    .min(1, { error })
    .max(most, { error })
    .optional()
    .openapi({ type: 'integer', minimum: 1, maximum: most });
};
