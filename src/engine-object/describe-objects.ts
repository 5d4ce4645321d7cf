import { errorBody } from '../api/http/errors.ts';
import { ENGINE_PATH, type WireEngine, type WireEngineObject } from '../api/openai/schemas/engine-schema.ts';
import { GptEdgeError } from '../core/errors.ts';
import type { EngineObjects } from './engine-objects.ts';
import { modelsOfObjects, objectName } from './object-name.ts';
import type { Region } from './region.ts';

/** Milliseconds after which an object is told of without what it does. */
const PATIENCE_MS = 5000;

/** Asks all objects of a region what they are doing, and puts their answers together. Those that sleep are woken. */
export async function describeObjects(request: Request, region: Region, options: EngineObjects): Promise<Response> {
  const { modelIds, objectCount } = options;
  const names = modelsOfObjects(modelIds).flatMap((model) =>
    Array.from({ length: objectCount }, (_, index) => objectName(region, model, index)),
  );
  const objects = await Promise.all(names.map((name) => describeOne(name, request, region, options)));
  return Response.json({ object: 'engine', place: 'object', objects: objects.flat() } satisfies WireEngine);
}

async function describeOne(
  name: string,
  { url, headers }: Request,
  { locationHint }: Region,
  { namespace }: EngineObjects,
): Promise<WireEngineObject[]> {
  try {
    const stub = namespace.get(namespace.idFromName(name), { locationHint });
    const answer = await stub.fetch(new Request(new URL(ENGINE_PATH, url), { headers, signal: AbortSignal.timeout(PATIENCE_MS) }));
    return ((await answer.json()) as WireEngine).objects;
  } catch (cause) {
    const error = new GptEdgeError('engine_unavailable', `The engine object ${name} does not answer.`, { cause });
    return [{ id: name, error: errorBody(error).error }];
  }
}
