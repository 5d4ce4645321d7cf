import type { WireModel } from '../../api/openai/schemas/model-schema.ts';
import { ApiError } from '../client/api-error.ts';
import { requestJson } from '../client/request-json.ts';
import type { Turn } from './conversation.ts';
import { messagesOf } from './conversation.ts';
import { type OpenApiDocument, readParameters } from './parameters.ts';
import type { Playground } from './playground.ts';
import { endIdsOf, modelOf } from './playground-state.ts';
import { fromFragment, type SharedState } from './share-link.ts';

const LOOK_EVERY_MS = 150;

const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Asks what is served and with which parameters, brings back what a link holds, and has the model loaded. */
export async function startPlayground(playground: Playground, fragment: string): Promise<void> {
  try {
    const [models, document] = await Promise.all([listModels(), requestJson<OpenApiDocument>('/openapi.json')]);
    playground.set({ models, modelId: models[0]?.id ?? '', parameters: readParameters(document) });
    if (models.length === 0) throw new ApiError('No model is in the bucket.', { param: 'model' });
  } catch (error) {
    return playground.fail(error, 'model');
  }
  const shared = readFragment(playground, fragment);
  if (shared) bringBackFields(playground, shared);
  await loadModel(playground);
  if (shared && modelOf(playground.state)) await bringBackTurns(playground, shared).catch((error) => playground.fail(error, 'link'));
}

const listModels = async () => (await requestJson<{ data: WireModel[] }>('/v1/models')).data;

/** Has the chosen model loaded, and watches how far it is meanwhile. */
export async function loadModel(playground: Playground): Promise<void> {
  const { modelId } = playground.state;
  if (!modelOf(playground.state)) return;
  let isDone = false;
  const load = playground
    .countDraft()
    .catch((error) => playground.fail(error, error instanceof ApiError && error.param === 'prompt' ? null : 'model'))
    .finally(() => {
      isDone = true;
    });
  while (!isDone) {
    await Promise.race([load, wait(LOOK_EVERY_MS)]);
    if (playground.state.modelId !== modelId) return;
    const models = await listModels().catch(() => null);
    if (models) playground.set({ models });
  }
}

function readFragment(playground: Playground, fragment: string): SharedState | null {
  try {
    return fromFragment(fragment);
  } catch (error) {
    playground.fail(new ApiError(`The link cannot be read: ${(error as Error).message}.`), 'link');
    return null;
  }
}

function bringBackFields(playground: Playground, { mode, model, draft, fields }: SharedState): void {
  const { models, conversations } = playground.state;
  playground.set({ mode, fields, conversations: { ...conversations, [mode]: { draft, turns: [] } } });
  if (models.some(({ id }) => id === model)) playground.set({ modelId: model });
  else playground.fail(new ApiError(`The link is one of ${JSON.stringify(model)}, which is not served here.`), 'model');
}

/** The very tokens that were shared, scored anew: a text of one's own would be scored in the same way. */
async function bringBackTurns(playground: Playground, { mode, turns: shared }: SharedState): Promise<void> {
  const { modelId: model } = playground.state;
  const endIds = endIdsOf(playground.state);
  const turns: Turn[] = [];
  for (const { text, seed, ids } of shared) {
    const messages = [...messagesOf(turns, endIds), { role: 'user', content: text }];
    const promptIds = mode === 'chat' ? await chatPromptIds(model, messages) : await completionPromptIds(model, text);
    const tokens = ids.length === 0 ? [] : await scoredTokens(model, promptIds, ids);
    const finish = endIds.includes(ids.at(-1) ?? -1) ? 'stop' : null;
    turns.push({ text, promptIds, seed, paths: [{ tokens, finish, taken: [] }], current: 0 });
    const { conversations } = playground.state;
    playground.set({ conversations: { ...conversations, [mode]: { ...conversations[mode], turns: [...turns] } } });
  }
}

interface WithTokenIds {
  prompt_token_ids?: number[];
  choices: { prompt_token_ids?: number[]; logprobs: { tokens: string[]; token_logprobs: (number | null)[] } }[];
}

async function completionPromptIds(model: string, prompt: string): Promise<number[]> {
  const body = { model, prompt, max_tokens: 0, return_token_ids: true };
  return (await requestJson<WithTokenIds>('/v1/completions', body)).choices[0].prompt_token_ids!;
}

async function chatPromptIds(model: string, messages: object[]): Promise<number[]> {
  const body = { model, messages, max_tokens: 1, return_token_ids: true };
  return (await requestJson<WithTokenIds>('/v1/chat/completions', body)).prompt_token_ids!;
}

async function scoredTokens(model: string, promptIds: readonly number[], ids: readonly number[]) {
  const body = { model, prompt: [...promptIds, ...ids], max_tokens: 0, echo: true, logprobs: 0 };
  const { tokens, token_logprobs } = (await requestJson<WithTokenIds>('/v1/completions', body)).choices[0].logprobs;
  return ids.map((id, index) => ({ id, label: tokens[promptIds.length + index], logprob: token_logprobs[promptIds.length + index] }));
}
