import { STOP_PATH, stopRequestSchema, type WireStop } from '../api/openai/schemas/stop-schema.ts';
import { parseVariantId } from '../core/folder/adapter-files.ts';
import { MAY_WAIT_HEADER } from './engine-headers.ts';
import type { EngineObjects } from './engine-objects.ts';
import { modelsOfObjects, objectName } from './object-name.ts';
import { ALL_REGIONS } from './region.ts';

/** Milliseconds after which an object is taken for one that does not answer. */
const PATIENCE_MS = 5000;

/**
 * Stops requests in all objects that may have them: those of a model, or of all models where one request is meant, in
 * all regions. Objects that sleep are woken, and have nothing to stop.
 * @param body of the request, which is JSON if it is valid
 */
export async function stopInObjects(request: Request, body: string, options: EngineObjects): Promise<Response> {
  const { objectCount, modelIds } = options;
  const wanted = modelIn(body);
  const models = modelsOfObjects(modelIds).filter((model) => wanted === undefined || parseVariantId(wanted).base === model);
  // What is wrong with a request, any object says.
  const asked = models.length > 0 ? models : modelsOfObjects(modelIds).slice(0, 1);
  const places = ALL_REGIONS.flatMap((region) =>
    asked.flatMap((model) => Array.from({ length: objectCount }, (_, index) => ({ region, name: objectName(region, model, index) }))),
  );
  const answers = await Promise.all(
    places.map(async ({ region: { locationHint }, name }) => {
      const { namespace } = options;
      const headers = new Headers(request.headers);
      headers.delete('content-length');
      headers.set(MAY_WAIT_HEADER, '1');
      const init = { method: 'POST', headers, body, signal: AbortSignal.timeout(PATIENCE_MS) };
      const stub = namespace.get(namespace.idFromName(name), { locationHint });
      return stub.fetch(new Request(new URL(STOP_PATH, request.url), init)).catch(() => name);
    }),
  );
  const refused = answers.find((answer) => typeof answer !== 'string' && answer.status < 500 && !answer.ok);
  if (refused instanceof Response) return refused;
  const told = await Promise.all(answers.map(async (answer, index) => stopOf(answer, places[index].name)));
  return Response.json({
    object: 'engine.stop',
    stopped: told.reduce((sum, { stopped }) => sum + stopped, 0),
    unreached: told.flatMap(({ unreached }) => unreached),
  } satisfies WireStop);
}

async function stopOf(answer: Response | string, name: string): Promise<Pick<WireStop, 'stopped' | 'unreached'>> {
  if (typeof answer === 'string' || !answer.ok) return { stopped: 0, unreached: [name] };
  return (await answer.json()) as WireStop;
}

function modelIn(body: string): string | undefined {
  try {
    return stopRequestSchema.safeParse(JSON.parse(body)).data?.model;
  } catch {
    return undefined;
  }
}
