import { type ChoicePosition, choicePosition } from '../../generation/choice-past.ts';
import type { CompletionEvent } from '../../generation/completion-event.ts';
import type { CompletionRequest } from '../../generation/completion-request.ts';
import type { LanguageModel } from '../../generation/language-model.ts';
import type { PromptScore } from '../../generation/sampling/log-probabilities.ts';
import type { StopCause, TextPiece } from '../../generation/text/text-pieces.ts';
import { TokenWork } from '../../generation/token-work.ts';
import type { WorkBudget } from '../../generation/work-budget.ts';
import type { RecordedCompletion } from '../request-log/complete-recorded.ts';
import type { Usage } from './schemas/answer-fields.ts';
import type { CompletionWireRequest } from './schemas/completion-schema.ts';

/** The next piece of one choice of the answer. */
export interface ChoiceEvent extends TextPiece {
  /** Number of the choice in the whole answer. */
  index: number;
  /** Whether this is the choice's first piece. */
  isFirst: boolean;
  /** Position of the choice's request in the list of requests. */
  requestIndex: number;
  /** A score for each token of the prompt, if the request has `promptLogprobs`. The first token has none. */
  promptScores: readonly (PromptScore | null)[];
}

/** Numbers the choices of all prompts, and tells the first piece of each. */
async function* choiceEvents(events: AsyncIterable<CompletionEvent>, requests: readonly CompletionRequest[]): AsyncGenerator<ChoiceEvent> {
  const scores = new Map<number, ChoiceEvent['promptScores']>();
  const opened = new Set<number>();
  for await (const event of events) {
    if (event.type === 'prompt') {
      scores.set(event.prompt, event.tokens);
      continue;
    }
    const { type, prompt, choice, ...piece } = event;
    const { choices, kept = choices } = requests[prompt];
    const index = prompt * kept + choice;
    yield { ...piece, index, isFirst: !opened.has(index), requestIndex: prompt, promptScores: scores.get(prompt) ?? [] };
    opened.add(index);
  }
}

/** What all chunks of an answer have in common. `created` is in seconds since the epoch. */
export function answerHead<const T extends string>(
  idPrefix: 'cmpl-' | 'chatcmpl-' | 'resp_',
  object: T,
  model: LanguageModel,
  completion: RecordedCompletion,
) {
  const { notes } = completion;
  const id = notes?.session ?? notes?.past?.head.id ?? `${idPrefix}${crypto.randomUUID().replaceAll('-', '')}`;
  completion.nameAnswer(id);
  return {
    id,
    created: notes?.past?.head.created ?? Math.floor(Date.now() / 1000),
    model: model.id,
    system_fingerprint: model.fingerprint,
    object,
  };
}

/** An answer of either endpoint: what is generated, and the form in which its chunks report it. */
interface Answer<Head extends { id: string; created: number }, Choice> {
  model: LanguageModel;
  requests: readonly CompletionRequest[];
  completion: RecordedCompletion;
  body: Pick<CompletionWireRequest, 'stream' | 'stream_options'>;
  head: Head;
  /** Turns an event into one or more parts of its choice. Each part is sent as a chunk of its own. */
  toParts: (event: ChoiceEvent) => Choice[];
}

/**
 * The chunks of an answer in OpenAI's form, each with one part of one choice. With `include_usage` the last chunk has
 * the usage and no choice, and the others have a null. An answer that is not streamed is joined from the same chunks
 * and always has a usage.
 */
export async function* choiceChunks<Head extends { id: string; created: number }, Choice>(
  { model, requests, completion, body, head, toParts }: Answer<Head, Choice>,
  budget: WorkBudget,
): AsyncGenerator<Head & { choices: Choice[]; usage?: Usage | null; gpt_edge?: { stopped_by: StopCause } }> {
  const work = new TokenWork(model);
  const includeUsage = !body.stream || body.stream_options?.include_usage;
  const { notes } = completion;
  const isStreamed = body.stream || notes?.isStored || false;
  const { fingerprint, version } = model;
  notes?.begin({ id: head.id, created: head.created, seed: requests[0].sampling.seed, fingerprint, version }, { isStreamed });
  for await (const event of choiceEvents(completion.events, requests)) {
    // Each choice reports the scores of its prompt.
    if (event.isFirst) await budget.spend(event.promptScores.length * work.report(requests[event.requestIndex].promptLogprobs ?? 0));
    const parts = toParts(event);
    const stopped = event.stoppedBy ? { gpt_edge: { stopped_by: event.stoppedBy } } : {};
    // The best of several are known only when all have ended, and are made anew wherever that goes on.
    const tokens = requests[event.requestIndex].kept === undefined ? event.tokens : [];
    if (!isStreamed) notes?.addTokens(event.index, tokens);
    else if (parts.length === 0) notes?.holdTokens(event.index, tokens);
    for (const [place, choice] of parts.entries()) {
      const isLast = place === parts.length - 1;
      const position = positionAfter(event, place, parts.length);
      if (isStreamed && isLast) notes?.addTokens(event.index, tokens);
      const isKnown = notes?.has(event.index, position) ?? false;
      if (isKnown && !notes!.repeats) continue;
      if (isStreamed && !isKnown) notes?.reach(event.index, position);
      if (notes) notes.isNews = !isKnown;
      yield { ...head, choices: [choice], ...(includeUsage ? { usage: null } : {}), ...(isLast ? stopped : {}) };
    }
  }
  if (!includeUsage || (notes?.past?.hasUsage && !notes.repeats)) return;
  const promptTokens = requests.reduce((sum, { prompt }) => sum + prompt.length, 0);
  const { completionTokens } = completion;
  const { cachedTokens, acceptedTokens, rejectedTokens, multiplyAdds } = completion.figures;
  const left = budget.millisecondsLeft;
  const usage = {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    prompt_tokens_details: { cached_tokens: cachedTokens },
    completion_tokens_details: { accepted_prediction_tokens: acceptedTokens, rejected_prediction_tokens: rejectedTokens },
    gpt_edge: {
      multiply_adds: Math.round(multiplyAdds),
      ...(notes && notes.slices > 1 ? { slices: notes.slices } : {}),
      ...(completion.object === undefined ? {} : { object: completion.object }),
      ...(left === undefined ? {} : { cpu_budget_left_ms: Math.floor(left) }),
    },
  };
  if (isStreamed) notes?.reachUsage();
  yield { ...head, choices: [], usage };
}

/** What a client has of a choice that has got one part of an event after the others. */
function positionAfter({ isFirst, completionTokens, finishReason }: ChoiceEvent, place: number, parts: number): ChoicePosition {
  if (isFirst && place === 0 && parts > 1) return choicePosition(0, 'text');
  if (!finishReason) return choicePosition(completionTokens, 'text', place);
  return place === parts - 1 ? choicePosition(completionTokens, 'end') : choicePosition(completionTokens, 'whole text', place);
}
