import { z } from '@hono/zod-openapi';
import { ENGINE_PATH } from './engine-schema.ts';

/** Where an operator stops requests. */
export const STOP_PATH = `${ENGINE_PATH}/stop`;

/** As many characters as a request's id may have, or a model's. */
const MAX_NAME_LENGTH = 256;

export const stopRequestSchema = z
  .strictObject({
    id: z.string().min(1).max(MAX_NAME_LENGTH).optional().openapi({
      description: 'The `x-request-id` of a request, or the id of its completion.',
    }),
    model: z.string().min(1).max(MAX_NAME_LENGTH).optional().openapi({
      description: 'All requests of this model, with those of its adapters.',
    }),
  })
  .refine(({ id, model }) => (id === undefined) !== (model === undefined), { message: 'Name either an id or a model.' })
  .openapi('StopRequest');

export const stopSchema = z
  .object({
    object: z.literal('engine.stop'),
    stopped: z.number().int().openapi({ description: 'How many requests were stopped.' }),
    unreached: z.array(z.string()).openapi({ description: 'Engine objects that have not answered, and whose requests may go on.' }),
  })
  .openapi('EngineStop');

export type WireStop = z.infer<typeof stopSchema>;
