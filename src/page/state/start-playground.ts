import type { WireModel } from '../../api/openai/schemas/model-schema.ts';
import { ApiError, requestJson } from '../client/request.ts';
import { type OpenApiDocument, readParameters } from './parameters.ts';
import type { Playground } from './playground.ts';
import { modelOf } from './playground-state.ts';
import { readLink, restoreFields, restoreTurns } from './restore-link.ts';

/** How often the page asks how much of a model is loaded. */
const LOAD_POLL_MS = 150;

/**
 * Gets the page ready:
 * 1. asks which models are served, and reads the parameters out of the OpenAPI document;
 * 2. restores what a shared link holds, apart from the answers: mode, model, draft and parameters;
 * 3. has the model loaded;
 * 4. restores the link's answers, which only the loaded model can score.
 *
 * An error is shown on the page; the steps that need what failed are left out.
 * @param fragment of the page's URL, without `#`
 */
export async function startPlayground(playground: Playground, fragment: string): Promise<void> {
  try {
    const [models, document] = await Promise.all([listModels(), requestJson<OpenApiDocument>('/openapi.json')]);
    playground.set({ models, modelId: models[0]?.id ?? '', parameters: readParameters(document) });
    if (models.length === 0) throw new ApiError('There is no model in the bucket.', 'model');
  } catch (error) {
    return playground.fail(error, 'model');
  }
  const shared = readLink(playground, fragment);
  if (shared) restoreFields(playground, shared);
  await loadModel(playground);
  if (shared && modelOf(playground.state)) await restoreTurns(playground, shared).catch((error) => playground.fail(error, 'link'));
}

/** Makes the server load the chosen model, and shows meanwhile how much of it is loaded. */
export async function loadModel(playground: Playground): Promise<void> {
  const { modelId } = playground.state;
  if (!modelOf(playground.state)) return;
  let isDone = false;
  const load = playground
    .countDraft()
    // A draft that is too long is no fault of the model.
    .catch((error) => playground.fail(error, error instanceof ApiError && error.param === 'prompt' ? null : 'model'))
    .finally(() => {
      isDone = true;
    });
  while (!isDone) {
    await Promise.race([load, wait(LOAD_POLL_MS)]);
    if (playground.state.modelId !== modelId) return;
    const models = await listModels().catch(() => null);
    if (models) playground.set({ models });
  }
}

const listModels = async () => (await requestJson<{ data: WireModel[] }>('/v1/models')).data;

const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
