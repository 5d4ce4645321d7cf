import { z } from '@hono/zod-openapi';
import { describeDtype, folderBytes } from '../../../core/folder/manifest.ts';
import type { ModelDescription } from '../../model-host.ts';

export const modelSchema = z
  .object({
    id: z.string(),
    object: z.literal('model'),
    created: z.number().int().openapi({ description: 'When the model was put into the bucket, in seconds since the epoch.' }),
    owned_by: z.literal('gpt-edge'),
    architecture: z.string(),
    parameters: z.number().int(),
    context_window: z.number().int(),
    vocabulary_size: z.number().int(),
    dtype: z.string().openapi({ description: 'How the weights are stored.' }),
    engine: z.enum(['edge', 'ort']).openapi({ description: 'What runs it: the engine of SIMD kernels, or onnxruntime-web.' }),
    license: z.string().nullable(),
    bytes: z.number().int().openapi({ description: 'Of all files of the model.' }),
    kv_bytes_per_token: z.number().int(),
    multiply_adds_per_token: z.number().int(),
    eos_token_ids: z.array(z.number().int()),
    bos_token_id: z.number().int().nullable(),
    memory: z
      .object({ total_bytes: z.number().int(), parts: z.array(z.object({ name: z.string(), bytes: z.number().int() })) })
      .openapi({ description: 'What the model needs to serve one sequence of its whole context window: an estimate from above.' }),
    load: z
      .object({ state: z.enum(['cold', 'loading', 'ready']), loaded_bytes: z.number().int(), total_bytes: z.number().int() })
      .openapi({ description: 'How far the model is on its way into the isolate that answers.' }),
  })
  .openapi('Model');

export const modelListSchema = z.object({ object: z.literal('list'), data: z.array(modelSchema) }).openapi('ModelList');

export type WireModel = z.infer<typeof modelSchema>;

export function toWireModel({ manifest, uploaded, engine, memory, load }: ModelDescription): WireModel {
  return {
    id: manifest.id,
    object: 'model',
    created: Math.floor(uploaded.getTime() / 1000),
    owned_by: 'gpt-edge',
    architecture: manifest.architecture,
    parameters: manifest.parameters,
    context_window: manifest.contextWindow,
    vocabulary_size: manifest.vocabularySize,
    dtype: describeDtype(manifest),
    engine,
    license: manifest.license,
    bytes: folderBytes(manifest),
    kv_bytes_per_token: manifest.kvBytesPerToken,
    multiply_adds_per_token: manifest.multiplyAddsPerToken,
    eos_token_ids: manifest.eosTokenIds,
    bos_token_id: manifest.bosTokenId,
    memory: { total_bytes: memory.totalBytes, parts: [...memory.parts] },
    load: { state: load.state, loaded_bytes: load.loadedBytes, total_bytes: load.totalBytes },
  };
}
