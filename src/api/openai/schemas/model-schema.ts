import { z } from '@hono/zod-openapi';
import { isAdapterFile, variantId } from '../../../core/folder/adapter-files.ts';
import { DEFAULT_POOLING, describeDtype, type Manifest, POOLINGS } from '../../../core/folder/manifest.ts';
import { PRICES } from '../../../core/prices.ts';
import { tokenMilliseconds } from '../../../core/token-time.ts';
import type { AdapterDescription, LoadState, ModelDescription } from '../../model-host.ts';
import { errorObjectSchema } from './bodies.ts';

/** The fields that OpenAI's clients expect of every model. */
const openAiFields = {
  id: z.string(),
  object: z.literal('model'),
  created: z.number().int().openapi({ description: 'When the model was put into the bucket, in seconds since the epoch.' }),
  owned_by: z.literal('gpt-edge'),
};

const tokenPricesSchema = z.object({ prompt: z.number(), completion: z.number() });

export const modelSchema = z
  .object({
    ...openAiFields,
    version: z.string().openapi({ description: 'The version that answers, as gpt-edge push names it: it determines every file.' }),
    parent: z.string().nullable().openapi({ description: 'The model whose weights it shares, if it is that model with an adapter.' }),
    adapter: z
      .object({
        name: z.string(),
        rank: z.number().int().openapi({ description: 'The greatest rank of its matrices.' }),
        parameters: z.number().int(),
        dtype: z.string(),
        source: z.string(),
      })
      .nullable()
      .openapi({ description: 'The low-rank adapter (LoRA) that is added to the weights of `parent`.' }),
    architecture: z.string(),
    parameters: z.number().int().openapi({ description: 'Those of an adapter included.' }),
    context_window: z.number().int().openapi({ description: 'Tokens of the longest sequence here, prompt and completion together.' }),
    model_context_window: z
      .number()
      .int()
      .openapi({ description: "The model's own context window, which is longer if not all of it fits into memory or was asked for." }),
    vocabulary_size: z.number().int(),
    dtype: z.string().openapi({ description: 'How the weights are stored.' }),
    engine: z.enum(['edge', 'ort']).openapi({ description: "The engine that runs it: gpt-edge's own, or onnxruntime-web." }),
    kernels: z.enum(['plain', 'relaxed', 'vnni']).openapi({
      description:
        'Which build of the SIMD kernels runs on this host: without relaxed SIMD, with it, or for processors with an instruction for its dot product. All give the same results.',
    }),
    license: z.string().nullable(),
    bytes: z.number().int().openapi({ description: 'Bytes of all files of the model; of one with an adapter, those of the adapter.' }),
    kv_bytes_per_token: z.number().int(),
    multiply_adds_per_token: z.number().int(),
    eos_token_ids: z.array(z.number().int()),
    bos_token_id: z.number().int().nullable(),
    chat_template: z.boolean().openapi({ description: 'Whether it has a chat template. Without one it completes texts, and cannot chat.' }),
    embeddings: z
      .object({ dimensions: z.number().int(), pooling: z.enum(POOLINGS) })
      .nullable()
      .openapi({ description: 'What /v1/embeddings gives; null if the engine that runs the model gives none.' }),
    card: z
      .object({
        use: z.string().nullable().openapi({ description: 'What the model is for.' }),
        limits: z.string().nullable().openapi({ description: 'What it is not for, or does badly.' }),
        examples: z.object({ prompts: z.array(z.string()), messages: z.array(z.string()) }),
      })
      .nullable()
      .openapi({ description: 'What its model card says, in the words of its makers; null if it has none.' }),
    memory: z
      .object({ total_bytes: z.number().int(), parts: z.array(z.object({ name: z.string(), bytes: z.number().int() })) })
      .openapi({ description: 'What the model needs to serve one sequence that fills `context_window`: an upper estimate.' }),
    cost: z.object({ worker: tokenPricesSchema, object: tokenPricesSchema }).nullable().openapi({
      description:
        "What a million tokens cost in US dollars if the engine runs in the Worker, or in an engine object: an estimate from the model's multiply-adds, the speed of one processor, and Cloudflare's prices of 2026-11 beyond what the paid plan includes. Requests come on top, and whoever shares a step pays less. null for onnxruntime-web.",
    }),
    load: z
      .object({ state: z.enum(['cold', 'loading', 'ready']), loaded_bytes: z.number().int(), total_bytes: z.number().int() })
      .openapi({ description: 'How much of the model is loaded in the isolate that answers.' }),
    error: errorObjectSchema.optional().openapi({ description: 'Why it cannot answer, if that is known. The next request tries again.' }),
  })
  .openapi('Model');

/** A model of which nothing can be told but what is wrong with it. */
const damagedModelSchema = z
  .object({
    ...openAiFields,
    created: z.literal(0).openapi({ description: 'Not known.' }),
    error: errorObjectSchema.openapi({ description: 'What is wrong with the model, as a request for it would be answered.' }),
  })
  .openapi('DamagedModel');

export const modelListSchema = z
  .object({
    object: z.literal('list'),
    data: z.array(z.union([modelSchema, damagedModelSchema])),
    stores_answers: z.boolean().openapi({ description: 'Whether `store` keeps answers here: where engine objects make them.' }),
  })
  .openapi('ModelList');

export type WireModel = z.infer<typeof modelSchema>;
export type WireDamagedModel = z.infer<typeof damagedModelSchema>;
export type WireModelList = z.infer<typeof modelListSchema>;

type ErrorObject = z.infer<typeof errorObjectSchema>;

export function toWireDamagedModel(id: string, error: ErrorObject): WireDamagedModel {
  return { id, object: 'model', created: 0, owned_by: 'gpt-edge', error };
}

/** @param toError converts the model's `failure` for the client */
export function toWireModel(
  {
    manifest,
    version,
    adapter,
    uploaded,
    engine,
    kernels,
    contextWindow,
    memory,
    embeddingSize,
    load,
    hasChatTemplate,
    card,
    failure,
  }: ModelDescription,
  toError: (error: unknown) => ErrorObject,
): WireModel {
  return {
    id: adapter ? variantId(manifest.id, adapter.name) : manifest.id,
    object: 'model',
    created: Math.floor(uploaded.getTime() / 1000),
    owned_by: 'gpt-edge',
    version,
    parent: adapter ? manifest.id : null,
    adapter: adapter ? toWireAdapter(adapter) : null,
    architecture: manifest.architecture,
    parameters: manifest.parameters + (adapter?.parameters ?? 0),
    context_window: contextWindow,
    model_context_window: manifest.contextWindow,
    vocabulary_size: manifest.vocabularySize,
    dtype: describeDtype(manifest),
    engine,
    kernels,
    license: manifest.license,
    bytes: adapter?.bytes ?? modelBytes(manifest),
    kv_bytes_per_token: manifest.kvBytesPerToken,
    multiply_adds_per_token: manifest.multiplyAddsPerToken + (adapter?.multiplyAddsPerToken ?? 0),
    eos_token_ids: manifest.eosTokenIds,
    bos_token_id: manifest.bosTokenId,
    chat_template: hasChatTemplate,
    embeddings: embeddingSize === null ? null : { dimensions: embeddingSize, pooling: manifest.pooling ?? DEFAULT_POOLING },
    card,
    memory: { total_bytes: memory.totalBytes, parts: [...memory.parts] },
    cost: engine === 'edge' ? estimateCost(manifest) : null,
    load: toWireLoad(load, adapter),
    error: failure === undefined ? undefined : toError(failure),
  };
}

/** The price of a million tokens in each place. */
function estimateCost(manifest: ModelDescription['manifest']): NonNullable<WireModel['cost']> {
  const milliseconds = tokenMilliseconds(manifest);
  const at = (price: number) => ({
    prompt: toMicrodollars(milliseconds.prompt * 1e6 * price),
    completion: toMicrodollars(milliseconds.completion * 1e6 * price),
  });
  return { worker: at(PRICES.workerMillisecond), object: at(PRICES.objectMillisecond) };
}

const toMicrodollars = (dollars: number): number => Math.round(dollars * 1e6) / 1e6;
const toWireAdapter = ({ name, rank, parameters, dtype, source }: AdapterDescription) => ({ name, rank, parameters, dtype, source });

/** A model with an adapter is ready once both are loaded. */
function toWireLoad({ state, loadedBytes, totalBytes }: LoadState, adapter: AdapterDescription | undefined): WireModel['load'] {
  if (adapter === undefined) return { state, loaded_bytes: loadedBytes, total_bytes: totalBytes };
  const own = adapter.isLoaded ? adapter.bytes : 0;
  const whole = state === 'ready' && !adapter.isLoaded ? 'cold' : state;
  return { state: whole, loaded_bytes: loadedBytes + own, total_bytes: totalBytes + adapter.bytes };
}

/** Bytes of a model's own files, without those of its adapters, which are listed by themselves. */
function modelBytes({ files }: Manifest): number {
  return Object.entries(files).reduce((sum, [name, { bytes }]) => sum + (isAdapterFile(name) ? 0 : bytes), 0);
}
