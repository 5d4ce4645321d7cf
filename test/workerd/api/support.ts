import { SELF } from 'cloudflare:test';
import { waitUntil } from 'cloudflare:workers';
import type { z } from '@hono/zod-openapi';
import OpenAI from 'openai';
import { expect } from 'vitest';
import kernels from '../../../dist/kernels/relaxed.wasm';
import { type AppOptions, createApp } from '../../../src/api/app.ts';
import type { ChatChunk, ChatCompletion } from '../../../src/api/openai/schemas/chat-schema.ts';
import type { Completion } from '../../../src/api/openai/schemas/completion-schema.ts';
import type { DetokenizeAnswer, TokenizeAnswer } from '../../../src/api/openai/schemas/tokenize-schema.ts';
import type { RequestLine } from '../../../src/api/request-log/request-line.ts';
import { IsolateModels } from '../../../src/worker/isolate-models.ts';
import { parseModelIds } from '../../../src/worker/worker-variables.ts';
import { ask, post, readEvents, testEnv } from '../helpers.ts';

export type Body = Record<string, unknown>;

export const complete = (body: Body) => ask<Completion>('/v1/completions', body);
export const chat = (body: Body) => ask<ChatCompletion>('/v1/chat/completions', body);

/** The chunks of a stream, which must end as it should. */
export async function chunksOf<T extends Completion | ChatChunk>(path: string, body: Body): Promise<T[]> {
  const answer = await post(path, { ...body, stream: true });
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toMatch(/^text\/event-stream/);
  const events = await readEvents(answer);
  expect(events.pop()).toBe('[DONE]');
  return events.map((event) => JSON.parse(event) as T);
}

/** The usage of an answer, whatever was found in the cache or drafted. */
export const usageOf = (prompt_tokens: number, completion_tokens: number) => ({
  prompt_tokens,
  completion_tokens,
  total_tokens: prompt_tokens + completion_tokens,
  prompt_tokens_details: { cached_tokens: expect.any(Number) },
  completion_tokens_details: { accepted_prediction_tokens: expect.any(Number), rejected_prediction_tokens: expect.any(Number) },
  gpt_edge: expect.objectContaining({ multiply_adds: expect.any(Number) }),
});

export const tokenize = async (prompt: string): Promise<number[]> => (await ask<TokenizeAnswer>('/tokenize', { prompt })).tokens;
export const detokenize = async (tokens: number[]): Promise<string> => (await ask<DetokenizeAnswer>('/detokenize', { tokens })).prompt;

/** The ids of tokens that are reported as text. The text of an ordinary token must be split into just that token. */
export async function idsOf(labels: readonly string[]): Promise<number[]> {
  const ids: number[] = [];
  for (const label of labels) {
    const found = await tokenize(label);
    if (found.length !== 1) throw new Error(`${JSON.stringify(label)} is not one token`);
    ids.push(found[0]);
  }
  return ids;
}

/** A new app over the real models of the Worker, which loads them for itself. */
export const appOver = (
  isPublic: boolean,
  log: (line: RequestLine) => void = () => {},
  ids = parseModelIds(testEnv.MODEL_IDS),
  options: Partial<AppOptions> = {},
) =>
  createApp({
    host: new IsolateModels({
      bucket: testEnv.MODELS,
      ids,
      engineOf: () => ({ engine: 'auto', cacheFormat: 'auto' }),
      kernels,
      memoryLimitMegabytes: 128,
      keepAlive: waitUntil,
    }),
    isPublic,
    log,
    ...options,
  });

export interface KnownRoute {
  method: string;
  /** The path as OpenAPI writes it, with `{id}` for a parameter. */
  path: string;
  /** The schemas of the body's fields, if the route has a body. */
  fields?: Record<string, z.ZodType>;
}

/** Every route of the API with its request schema, so that the tests notice a new one. */
export function knownRoutes(): KnownRoute[] {
  return appOver(true).openAPIRegistry.definitions.flatMap((definition) => {
    if (definition.type !== 'route') return [];
    const { method, path, request } = definition.route;
    const content = request?.body?.content['application/json'] as { schema: z.ZodObject } | undefined;
    return [{ method: method.toUpperCase(), path, fields: content?.schema.shape }];
  });
}

export const fieldsOf = (path: string): Record<string, z.ZodType> => knownRoutes().find((route) => route.path === path)!.fields!;

/** Random numbers, uniform in [0, 1), that are the same for the same seed (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** OpenAI's client of the Worker. */
export const client = new OpenAI({
  baseURL: 'http://edge/v1',
  apiKey: 'none',
  maxRetries: 0,
  fetch: (url, init) => SELF.fetch(url as string, init),
});
