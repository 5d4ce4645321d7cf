import { GptEdgeError } from '../../core/errors.ts';
import { bestChoices } from '../../generation/best-choices.ts';
import { complete } from '../../generation/complete.ts';
import type { CompletionEvent, PieceEvent } from '../../generation/completion-event.ts';
import type { CompletionRequest } from '../../generation/completion-request.ts';
import type { LanguageModel } from '../../generation/language-model.ts';
import type { JobFigures } from '../../generation/scheduler/job.ts';
import { partitionOf } from '../access/use-grant.ts';
import { type AnswerNotes, type AnswerPast, toCompletionPast } from '../openai/answer-notes.ts';
import { endAfter } from './end-after.ts';
import type { RequestContext } from './request-record.ts';

/** What is generated for a request, and what it has cost so far. */
export interface RecordedCompletion {
  readonly events: AsyncIterable<CompletionEvent>;
  readonly figures: Readonly<JobFigures>;
  /** Name of the engine object that computes it. */
  readonly object?: string;
  /** Tokens that were generated so far, also for completions that are not returned. */
  readonly completionTokens: number;
  /** Where it is noted what it takes to go on elsewhere, if the answer is made in slices. */
  readonly notes?: AnswerNotes;
  /** Says under which id the client knows the answer. */
  nameAnswer(id: string): void;
}

/** The most tokens that all completions of a request may have. */
const mostTokens = (requests: readonly CompletionRequest[]): number =>
  requests.reduce((sum, { choices, maxTokens }) => sum + choices * maxTokens, 0);

/**
 * Calls {@link complete} and records tokens and finish reasons while they arrive, so that an answer that is cut short
 * is counted too.
 * @param timeout milliseconds after which the request ends with the error `timeout`
 */
export async function completeRecorded(
  model: LanguageModel,
  requests: readonly CompletionRequest[],
  { budget, record, grant, slices }: RequestContext,
  timeout?: number | null,
): Promise<RecordedCompletion> {
  const notes = slices?.notes;
  const past = notes?.past && toCompletionPast(notes.past, requests[0].choices);
  record.promptTokens = requests.reduce((sum, { prompt }) => sum + prompt.length, 0);
  await grant.reserve(record.promptTokens, mostTokens(requests), budget.signal);
  const own = resumed(requests, notes?.past, model).map((request) => ({ ...request, partition: partitionOf(grant, request.partition) }));
  const cancelTimeout = endAfter(timeout, budget, record);
  const joinsPieces = !(notes?.isStored || notes?.repeats || past);
  const reader = await complete(model, own, budget, { past, joinsPieces }).catch((error: unknown) => {
    cancelTimeout();
    throw error;
  });
  record.figures = reader.figures;
  record.running = model.scheduler.runningCount;
  if (notes) notes.figures = reader.figures;
  record.isComputed = true;
  record.completionTokens = 0;
  const counted = new Map<string, number>();
  const count = ({ prompt, choice, completionTokens, finishReason }: PieceEvent) => {
    const key = `${prompt}/${choice}`;
    record.completionTokens! += completionTokens - (counted.get(key) ?? 0);
    counted.set(key, completionTokens);
    if (finishReason) record.finishReasons.add(finishReason);
  };
  async function* events() {
    try {
      for await (const event of reader) {
        if (event.type === 'piece') count(event);
        yield event;
      }
    } finally {
      cancelTimeout();
    }
  }
  return {
    events: bestChoices(events(), requests),
    figures: reader.figures,
    object: record.object,
    notes,
    nameAnswer(id) {
      record.answerId = id;
    },
    get completionTokens() {
      return record.completionTokens ?? 0;
    },
  };
}

/** The same requests with the random numbers with which they were begun. */
function resumed(
  requests: readonly CompletionRequest[],
  past: AnswerPast | undefined,
  { id, fingerprint }: LanguageModel,
): readonly CompletionRequest[] {
  if (past === undefined) return requests;
  if (past.head.fingerprint !== fingerprint)
    throw new GptEdgeError(
      'engine_unavailable',
      `There is another version of ${id} than the one with which this answer began. Send the request again.`,
    );
  return requests.map((request) => ({ ...request, sampling: { ...request.sampling, seed: past.head.seed } }));
}
