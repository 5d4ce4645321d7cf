import type { WireModel, WireModelList } from '../../api/openai/schemas/model-schema.ts';
import { ApiError, requestJson } from '../client/request.ts';
import { type OpenApiDocument, readParameters } from './parameters.ts';
import type { Playground } from './playground.ts';
import { modelOf } from './playground-state.ts';
import { readLink, restoreFields, restoreTurns } from './restore-link.ts';
import { readStory, restoreStory } from './saved-story.ts';

/** How often the page asks how much of a model is loaded. */
const LOAD_POLL_MS = 150;

/**
 * Gets the page ready:
 * 1. asks which models are served, and reads the parameters out of the OpenAPI document;
 * 2. restores what a shared link holds, apart from the answers: mode, model, draft and parameters; without a link, all
 *    that the page held before it was reloaded;
 * 3. has the model loaded, and goes on with the answer that was being written when the page was left;
 * 4. restores the link's answers, which only the loaded model can score.
 *
 * An error is shown on the page, and the steps that depend on the failed one are left out.
 * @param fragment of the page's URL, without `#`
 */
export async function startPlayground(playground: Playground, fragment: string): Promise<void> {
  playground.set({ fragment });
  const story = readStory();
  // The page was reloaded with the link that its story began with; the story is what became of it since.
  const isReload = story !== null && story.fragment === fragment;
  const shared = isReload ? null : readLink(playground, fragment);
  if (!(await listModels(playground))) return;
  const turnsCanFollow = shared !== null && restoreFields(playground, shared);
  if (isReload) restoreStory(playground, story);
  await Promise.all([loadModel(playground), playground.resume()]);
  if (turnsCanFollow) await restoreTurns(playground, shared).catch((error) => playground.fail(error, 'link'));
}

/** Lists the models and has the chosen one loaded: when the server has come back, or has got its models. */
export async function startModels(playground: Playground): Promise<void> {
  if (await listModels(playground)) await loadModel(playground);
}

/** @returns whether there is a model to work with; if not, the page says why */
async function listModels(playground: Playground): Promise<boolean> {
  try {
    const [{ models, stores_answers }, document] = await Promise.all([fetchModels(), requestJson<OpenApiDocument>('/openapi.json')]);
    if (models.length === 0) throw new ApiError('There is no model in the bucket.', 'model');
    playground.setModels(models);
    playground.set({ parameters: readParameters(document), storesAnswers: stores_answers });
    return true;
  } catch (error) {
    playground.fail(error, 'model');
    return false;
  }
}

/**
 * Makes the server load the chosen model, and shows meanwhile how much of it is loaded. A model that does not load
 * cannot run, and the page says why.
 */
export async function loadModel(playground: Playground): Promise<void> {
  const { modelId } = playground.state;
  if (!modelOf(playground.state)) return;
  playground.setModelError(modelId, null);
  let isDone = false;
  const load = playground
    .countDraft()
    .catch((error) => {
      // A draft that is too long is not a fault of the model, nor is a server that is gone.
      if (error instanceof ApiError && isOfModel(error)) playground.setModelError(modelId, error.message);
      else playground.failCount(error);
    })
    .finally(() => {
      isDone = true;
    });
  while (!isDone) {
    await Promise.race([load, wait(LOAD_POLL_MS)]);
    if (playground.state.modelId !== modelId) return;
    const { models } = await fetchModels().catch(() => ({ models: [] }));
    if (models.length > 0) playground.set({ models });
  }
}

const isOfModel = ({ status, param }: ApiError): boolean => (status ?? 0) >= 500 || param === 'model';

/** The models that can be described. If none can, the first one's error is thrown. */
async function fetchModels(): Promise<{ models: WireModel[]; stores_answers: boolean }> {
  const { data, stores_answers } = await requestJson<WireModelList>('/v1/models');
  const models = data.filter((model) => 'architecture' in model);
  const error = data[0]?.error;
  if (models.length === 0 && error) throw new ApiError(error.message, 'model');
  return { models, stores_answers };
}

const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
