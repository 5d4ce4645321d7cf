import { z } from '@hono/zod-openapi';
import { type BatchState, type BatchStatus, hasEnded } from '../../../batch/batch-state.ts';
import { BATCH_ENDPOINTS } from '../../../batch/lines/request-line.ts';
import { expiresAfterSchema } from './file-schema.ts';

/** What OpenAI allows of metadata: pairs, and characters of their keys and values. */
const MAX_PAIRS = 16;
const MAX_KEY = 64;
const MAX_VALUE = 512;

const metadataSchema = z
  .record(z.string().max(MAX_KEY), z.string().max(MAX_VALUE))
  .refine((pairs) => Object.keys(pairs).length <= MAX_PAIRS, `must have at most ${MAX_PAIRS} pairs`);

export const batchRequestSchema = z
  .strictObject({
    input_file_id: z.string().openapi({ description: 'A file that was uploaded with the purpose `batch`.' }),
    endpoint: z.enum(BATCH_ENDPOINTS).openapi({ description: 'The endpoint that all requests of the file ask.' }),
    completion_window: z.literal('24h'),
    metadata: metadataSchema.nullish(),
    output_expires_after: expiresAfterSchema
      .nullish()
      .openapi({ description: 'When the files that the batch writes expire. Default: after 30 days.' }),
  })
  .openapi('BatchRequest');

const time = z.number().int().nullable();

export const batchSchema = z
  .object({
    id: z.string(),
    object: z.literal('batch'),
    endpoint: z.enum(BATCH_ENDPOINTS),
    errors: z
      .object({
        object: z.literal('list'),
        data: z.array(z.object({ code: z.string(), message: z.string(), param: z.null(), line: z.number().int().nullable() })),
      })
      .nullable(),
    input_file_id: z.string(),
    completion_window: z.literal('24h'),
    status: z.enum(['validating', 'failed', 'in_progress', 'finalizing', 'completed', 'expired', 'cancelling', 'cancelled']),
    output_file_id: z.string().nullable(),
    error_file_id: z.string().nullable(),
    created_at: z.number().int(),
    in_progress_at: time,
    expires_at: time,
    finalizing_at: time,
    completed_at: time,
    failed_at: time,
    expired_at: time,
    cancelling_at: time,
    cancelled_at: time,
    request_counts: z.object({ total: z.number().int(), completed: z.number().int(), failed: z.number().int() }),
    metadata: z.record(z.string(), z.string()).nullable(),
  })
  .openapi('Batch');

export type WireBatch = z.infer<typeof batchSchema>;

const seconds = (milliseconds: number): number => Math.floor(milliseconds / 1000);

/** A batch as it is sent. Its files are named when they can be read. */
export function toWireBatch(state: BatchState): WireBatch {
  const { id, endpoint, faults, inputFileId, status, created, expires, at, total, completed, failed, metadata } = state;
  const since = (name: BatchStatus): number | null => (at[name] === undefined ? null : seconds(at[name]));
  const errors = faults.map(({ code, message, line }) => ({ code, message, param: null, line }));
  return {
    ...{ id, object: 'batch', endpoint, errors: errors.length > 0 ? { object: 'list', data: errors } : null },
    ...{ input_file_id: inputFileId, completion_window: '24h', status },
    output_file_id: hasEnded(state) ? state.outputFileId : null,
    error_file_id: hasEnded(state) ? state.errorFileId : null,
    ...{ created_at: seconds(created), in_progress_at: since('in_progress'), expires_at: seconds(expires) },
    ...{ finalizing_at: since('finalizing'), completed_at: since('completed'), failed_at: since('failed') },
    ...{ expired_at: since('expired'), cancelling_at: since('cancelling'), cancelled_at: since('cancelled') },
    ...{ request_counts: { total, completed, failed }, metadata },
  };
}
