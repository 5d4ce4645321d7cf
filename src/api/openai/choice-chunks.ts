import type { CompletionRequest } from '../../generation/completion-request.ts';
import type { LanguageModel } from '../../generation/language-model.ts';
import type { ScoredToken } from '../../generation/sampling/log-probabilities.ts';
import type { TextPiece } from '../../generation/text/text-pieces.ts';
import { completeRecorded } from '../request-log/complete-recorded.ts';
import type { RequestContext } from '../request-log/request-record.ts';
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

/** The choices of all requests, one after the other, in pieces. */
async function* choiceEvents(
  model: LanguageModel,
  requests: readonly CompletionRequest[],
  context: RequestContext,
): AsyncGenerator<ChoiceEvent> {
  for (const [requestIndex, request] of requests.entries()) {
    let promptScores: ChoiceEvent['promptScores'] = [];
    let opened = -1;
    for await (const event of completeRecorded(model, request, context)) {
      if (event.type === 'prompt') {
        promptScores = event.tokens;
        continue;
      }
      const { type, choice, ...piece } = event;
      yield { ...piece, index: requestIndex * request.choices + choice, isFirst: choice > opened, requestIndex, promptScores };
      opened = choice;
    }
  }
}

/** What all chunks of an answer have in common. `created` is in seconds since the epoch. */
export function answerHead<const T extends string>(idPrefix: 'cmpl' | 'chatcmpl', object: T, model: LanguageModel) {
  return {
    id: `${idPrefix}-${crypto.randomUUID().replaceAll('-', '')}`,
    created: Math.floor(Date.now() / 1000),
    model: model.id,
    system_fingerprint: model.fingerprint,
    object,
  };
}

/** An answer of either endpoint: what is generated, and the form in which its chunks report it. */
interface Answer<Head, Choice> {
  model: LanguageModel;
  requests: readonly CompletionRequest[];
  body: Pick<CompletionWireRequest, 'stream' | 'stream_options'>;
  head: Head;
  /** The parts of a choice as which an event goes over the wire, each in a chunk of its own. */
  toParts: (event: ChoiceEvent) => Choice[];
}

/**
 * The chunks of an answer in OpenAI's form, each with one part of one choice. With `include_usage` the last chunk has
 * the usage and no choice, and the others have a null. An answer that is not streamed is joined from the same chunks
 * and always has a usage.
 */
export async function* choiceChunks<Head extends object, Choice>(
  { model, requests, body, head, toParts }: Answer<Head, Choice>,
  context: RequestContext,
): AsyncGenerator<Head & { choices: Choice[]; usage?: Usage | null }> {
  const includeUsage = !body.stream || body.stream_options?.include_usage;
  let completionTokens = 0;
  for await (const event of choiceEvents(model, requests, context)) {
    if (event.finishReason) completionTokens += event.completionTokens;
    for (const choice of toParts(event)) yield { ...head, choices: [choice], ...(includeUsage ? { usage: null } : {}) };
  }
  if (!includeUsage) return;
  const promptTokens = requests.reduce((sum, { prompt }) => sum + prompt.length, 0);
  const usage = { prompt_tokens: promptTokens, completion_tokens: completionTokens, total_tokens: promptTokens + completionTokens };
  yield { ...head, choices: [], usage };
}
