import { CHOICE_BEGINNING, type ChoicePosition, choicePosition, readPosition } from '../../generation/choice-past.ts';
import type { CompletionEvent } from '../../generation/completion-event.ts';
import type { CompletionRequest } from '../../generation/completion-request.ts';
import type { LanguageModel } from '../../generation/language-model.ts';
import type { ScoredToken } from '../../generation/sampling/log-probabilities.ts';
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
  /** A score for each token of the prompt, if the request has `scorePrompt`. The first token has none. */
  promptScores: readonly (ScoredToken | null)[];
}

/** Numbers the choices of all prompts, and tells the first piece of each. */
async function* choiceEvents(
  events: AsyncIterable<CompletionEvent>,
  requests: readonly CompletionRequest[],
  positions: readonly ChoicePosition[] = [],
): AsyncGenerator<ChoiceEvent> {
  const scores = new Map<number, ChoiceEvent['promptScores']>();
  const opened = new Set(positions.flatMap((position, index) => (position > CHOICE_BEGINNING ? [index] : [])));
  for await (const event of events) {
    if (event.type === 'prompt') {
      scores.set(event.prompt, event.tokens);
      continue;
    }
    const { type, prompt, choice, ...piece } = event;
    const index = prompt * requests[prompt].choices + choice;
    yield { ...piece, index, isFirst: !opened.has(index), requestIndex: prompt, promptScores: scores.get(prompt) ?? [] };
    opened.add(index);
  }
}

/** What all chunks of an answer have in common. `created` is in seconds since the epoch. */
export function answerHead<const T extends string>(
  idPrefix: 'cmpl' | 'chatcmpl',
  object: T,
  model: LanguageModel,
  { notes }: RecordedCompletion,
) {
  return {
    id: notes?.session ?? notes?.past?.head.id ?? `${idPrefix}-${crypto.randomUUID().replaceAll('-', '')}`,
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
  notes?.begin({ id: head.id, created: head.created, seed: requests[0].sampling.seed, fingerprint: model.fingerprint }, { isStreamed });
  let completionTokens = endedTokens(notes?.past?.positions);
  for await (const event of choiceEvents(completion.events, requests, notes?.past?.positions)) {
    // With `echo`, each choice reports the scores of its prompt.
    if (event.isFirst) await budget.spend(event.promptScores.length * work.report(requests[event.requestIndex].topLogprobs ?? 0));
    if (event.finishReason) completionTokens += event.completionTokens;
    const parts = toParts(event);
    const stopped = event.stoppedBy ? { gpt_edge: { stopped_by: event.stoppedBy } } : {};
    if (!isStreamed) notes?.addTokens(event.index, event.tokens);
    else if (parts.length === 0) notes?.holdTokens(event.index, event.tokens);
    for (const [place, choice] of parts.entries()) {
      if (isStreamed && place === parts.length - 1) notes?.addTokens(event.index, event.tokens);
      if (isStreamed) notes?.reach(event.index, positionAfter(event, place, parts.length));
      yield { ...head, choices: [choice], ...(includeUsage ? { usage: null } : {}), ...(place === parts.length - 1 ? stopped : {}) };
    }
  }
  if (!includeUsage || notes?.past?.hasUsage) return;
  const promptTokens = requests.reduce((sum, { prompt }) => sum + prompt.length, 0);
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
      ...(left === undefined ? {} : { cpu_budget_left_ms: Math.floor(left) }),
    },
  };
  if (isStreamed) notes?.reachUsage();
  yield { ...head, choices: [], usage };
}

/** What a client has of a choice that has got one part of an event after the others. */
function positionAfter({ isFirst, completionTokens, finishReason }: ChoiceEvent, place: number, parts: number): ChoicePosition {
  if (place === parts - 1) return choicePosition(completionTokens, finishReason ? 'end' : 'text');
  return isFirst && place === 0 ? choicePosition(0, 'text') : choicePosition(completionTokens, 'whole text');
}

/** Tokens of the choices that had ended before. */
const endedTokens = (positions: readonly ChoicePosition[] = []): number =>
  positions.map(readPosition).reduce((sum, { tokens, phase }) => sum + (phase === 'end' ? tokens : 0), 0);
