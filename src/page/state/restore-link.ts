import type { ChatCompletion } from '../../api/openai/schemas/chat-schema.ts';
import type { Completion } from '../../api/openai/schemas/completion-schema.ts';
import { ApiError, requestJson } from '../client/request.ts';
import type { Token } from '../client/token.ts';
import { messagesOf, newTurn, type Turn } from './conversation.ts';
import type { Playground } from './playground.ts';
import { endIdsOf } from './playground-state.ts';
import { systemMessages } from './requests.ts';
import { fromFragment, type SharedState } from './share-link.ts';

/** Reads a shared link; null if there is none, or if it is damaged, which the page then says. */
export function readLink(playground: Playground, fragment: string): SharedState | null {
  try {
    return fromFragment(fragment);
  } catch (error) {
    playground.fail(new ApiError(`The link cannot be read: ${(error as Error).message}.`), 'link');
    return null;
  }
}

/**
 * Restores mode, model, draft, system message and parameters. If the link's model is not served here, the page says so
 * and keeps its own.
 * @returns whether the link's answers can be restored too
 */
export function restoreFields(playground: Playground, { mode, model, draft, system, schema, questions, fields }: SharedState): boolean {
  const isServed = playground.state.models.some(({ id }) => id === model);
  if (isServed) playground.setModel(model);
  const asked = questions.length > 0 ? { questions } : {};
  playground.set({
    mode,
    system,
    schema,
    ...asked,
    fields,
    conversations: { ...playground.state.conversations, [mode]: { draft, turns: [] } },
  });
  playground.fitMode();
  if (!isServed)
    playground.fail(new ApiError(`The link was made with the model ${JSON.stringify(model)}, which is not served here.`), 'link');
  else if (playground.state.mode !== mode)
    playground.fail(new ApiError(`The link is of a chat, and ${model} has no chat template.`), 'link');
  return isServed && playground.state.mode === mode;
}

/**
 * Restores the turns one by one. A link holds the ids of an answer's tokens, so that exactly these tokens come back;
 * the model gives each of them its probability again.
 * @throws ApiError if the API refuses one of the requests or cannot be reached
 */
export async function restoreTurns(playground: Playground, { mode, turns: shared }: SharedState): Promise<void> {
  const { modelId: model } = playground.state;
  const endIds = endIdsOf(playground.state);
  const turns: Turn[] = [];
  for (const { text, seed, ids } of shared) {
    const messages = [...systemMessages(playground.state), ...messagesOf(turns, endIds), { role: 'user', content: text }];
    const promptIds = mode === 'chat' ? await chatPromptIds(model, messages) : await completionPromptIds(model, text);
    const tokens = ids.length === 0 ? [] : await scoreTokens(model, promptIds, ids);
    const finish = endIds.includes(ids.at(-1) ?? -1) ? 'stop' : null;
    turns.push({ ...newTurn(text, seed), promptIds, branches: [{ tokens, calls: [], finish, chosenAt: [] }] });
    const { conversations } = playground.state;
    playground.set({ conversations: { ...conversations, [mode]: { ...conversations[mode], turns: [...turns] } } });
  }
}

async function completionPromptIds(model: string, prompt: string): Promise<number[]> {
  const body = { model, prompt, max_tokens: 0, return_token_ids: true };
  return (await requestJson<Completion>('/v1/completions', body)).choices[0].prompt_token_ids!;
}

async function chatPromptIds(model: string, messages: object[]): Promise<number[]> {
  // A chat completion has at least one token; it is not used.
  const body = { model, messages, max_tokens: 1, return_token_ids: true };
  return (await requestJson<ChatCompletion>('/v1/chat/completions', body)).prompt_token_ids!;
}

/** Echoes the tokens as the end of a prompt: this gives the same log-probabilities as when they were generated. */
async function scoreTokens(model: string, promptIds: readonly number[], ids: readonly number[]): Promise<Token[]> {
  const body = { model, prompt: [...promptIds, ...ids], max_tokens: 0, echo: true, logprobs: 0 };
  const { tokens, token_logprobs } = (await requestJson<Completion>('/v1/completions', body)).choices[0].logprobs!;
  return ids.map((id, index) => ({ id, label: tokens[promptIds.length + index], logprob: token_logprobs[promptIds.length + index] }));
}
