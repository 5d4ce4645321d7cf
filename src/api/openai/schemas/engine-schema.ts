import { z } from '@hono/zod-openapi';
import { errorObjectSchema } from './bodies.ts';

/** Where the state of the engine is told. */
export const ENGINE_PATH = '/v1/engine';

const loadedModelSchema = z.object({
  id: z.string(),
  running: z.number().int().openapi({ description: 'Requests that are being computed, or have text that was not read yet.' }),
  waiting: z.number().int().openapi({ description: 'Requests that wait for room in the KV cache.' }),
  blocks: z
    .object({ total: z.number().int(), free: z.number().int(), positions: z.number().int() })
    .openapi({ description: 'The blocks of the KV cache. Free ones may still have what ended requests have left.' }),
  prompt_tokens: z.number().int().openapi({ description: 'Tokens of all prompts since the model was loaded.' }),
  cached_tokens: z.number().int().openapi({ description: 'Those of them that were found in the KV cache.' }),
  hit_rate: z.number().nullable().openapi({ description: 'The part of them that was found; null before the first prompt.' }),
});

const engineObjectSchema = z
  .object({
    id: z.string().nullable().openapi({ description: 'Region, model and number of an engine object; null for the Worker itself.' }),
    isolate: z.string().openapi({ description: 'The same for objects that share an isolate, and with it its models.' }),
    requests: z
      .number()
      .int()
      .nullable()
      .openapi({ description: 'Requests that use a model here; null in the Worker, which has no count.' }),
    models: z.array(loadedModelSchema).openapi({ description: 'The models that are loaded in the isolate.' }),
  })
  .openapi('EngineObject');

const lostObjectSchema = z.object({ id: z.string(), error: errorObjectSchema }).openapi('LostEngineObject');

export const engineSchema = z
  .object({
    object: z.literal('engine'),
    place: z.enum(['object', 'worker']).openapi({ description: 'Whether it runs in engine objects, or in the Worker itself.' }),
    objects: z
      .array(z.union([engineObjectSchema, lostObjectSchema]))
      .openapi({ description: 'The objects of the region that the request comes from, or the Worker alone.' }),
  })
  .openapi('Engine');

export type WireEngine = z.infer<typeof engineSchema>;
export type WireLoadedModel = z.infer<typeof loadedModelSchema>;
export type WireEngineObject = WireEngine['objects'][number];
