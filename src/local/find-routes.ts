import { bundledSources } from './build-worker.ts';
import { PACKAGE } from './project-paths.ts';

/** A text in a source that may be the path of a route: `'/llm'`, `"/api/v2/"`, `` `/llm/*` ``. */
const PATH = /(['"`])(\/[\w.~-]+(?:\/[\w.~-]+){0,7})(?:\/\*?)?\1/g;
/** An app has few routes. Of one with more, only the first ones are asked for. */
const MAX_PATHS = 24;
/** An answer needs no model, and so comes at once. */
const TIMEOUT_MS = 5000;

/**
 * Finds the path below which an app of one's own has mounted gpt-edge's routes. The paths that its sources name are
 * tried, alone and one below another, and what answers as gpt-edge does is it.
 * @param origin where the app answers
 * @param bundle the folder of its bundle
 * @returns the path, which is empty for routes at the root; undefined if none is found
 */
export async function findRoutes(origin: string, bundle: string): Promise<string | undefined> {
  const sources = [...(await bundledSources(bundle))].filter(([path]) => isOwn(path)).map(([, text]) => text);
  const paths = [...new Set(sources.flatMap((text) => [...text.matchAll(PATH)].map(([, , path]) => path)))].slice(0, MAX_PATHS);
  const nested = paths.flatMap((outer) => paths.filter((inner) => inner !== outer).map((inner) => outer + inner));
  for (const path of ['', ...paths, ...nested]) if (await isServedAt(origin + path)) return path;
  return undefined;
}

const isOwn = (path: string): boolean => !/[/\\]node_modules[/\\]/.test(path) && !path.startsWith(PACKAGE);

/** Whether both of two answers are gpt-edge's. The second may be a refusal, if not everyone is let in. */
async function isServedAt(base: string): Promise<boolean> {
  const health = (await getJson(`${base}/health`)) as { status?: unknown } | undefined;
  if (health?.status !== 'ok') return false;
  const models = (await getJson(`${base}/v1/models`)) as { data?: { owned_by?: unknown }[]; error?: { code?: unknown } } | undefined;
  return (
    models?.error?.code === 'unauthorized' || (Array.isArray(models?.data) && models.data.every((model) => model?.owned_by === 'gpt-edge'))
  );
}

async function getJson(url: string): Promise<unknown> {
  try {
    const answer = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT_MS) });
    return (await answer.json()) ?? undefined;
  } catch {
    return undefined;
  }
}
