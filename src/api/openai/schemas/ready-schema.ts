import { z } from '@hono/zod-openapi';
import { errorObjectSchema } from './bodies.ts';

/** The path that says whether the models can be served. */
export const READY_PATH = '/ready';

const modelStateSchema = z.object({
  id: z.string(),
  state: z.enum(['ready', 'loading', 'loadable', 'failed']).openapi({
    description: 'Loaded, being loaded, to be loaded by the first request that needs it, or not to be served.',
  }),
  version: z.string().nullable().openapi({ description: 'The current version; null if it is not known.' }),
  error: errorObjectSchema.optional().openapi({ description: 'Why it has failed.' }),
});

export const readySchema = z
  .object({
    status: z.enum(['ready', 'not_ready']).openapi({ description: 'Whether all models can be served.' }),
    models: z
      .array(modelStateSchema)
      .optional()
      .openapi({ description: 'Each model, for whoever may know: the operator, and everyone where the deployment is public.' }),
  })
  .openapi('Ready');

export type WireReady = z.infer<typeof readySchema>;
export type WireModelState = z.infer<typeof modelStateSchema>;
