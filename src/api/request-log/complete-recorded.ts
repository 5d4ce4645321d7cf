import { complete } from '../../generation/complete.ts';
import type { CompletionEvent } from '../../generation/completion-event.ts';
import type { CompletionRequest } from '../../generation/completion-request.ts';
import type { LanguageModel } from '../../generation/language-model.ts';
import type { JobFigures } from '../../generation/scheduler/job.ts';
import type { RequestContext } from './request-record.ts';

/** What is generated for a request, and what it has cost so far. */
export interface RecordedCompletion {
  readonly events: AsyncIterable<CompletionEvent>;
  readonly figures: Readonly<JobFigures>;
}

/**
 * Calls {@link complete} and records tokens and finish reasons while they arrive, so that an answer that is cut short
 * is counted too.
 */
export async function completeRecorded(
  model: LanguageModel,
  requests: readonly CompletionRequest[],
  { budget, record }: RequestContext,
): Promise<RecordedCompletion> {
  record.promptTokens = requests.reduce((sum, { prompt }) => sum + prompt.length, 0);
  const reader = await complete(model, requests, budget);
  record.figures = reader.figures;
  record.completionTokens = 0;
  const counted = new Map<string, number>();
  async function* events() {
    for await (const event of reader) {
      if (event.type === 'piece') {
        const key = `${event.prompt}/${event.choice}`;
        record.completionTokens! += event.completionTokens - (counted.get(key) ?? 0);
        counted.set(key, event.completionTokens);
        if (event.finishReason) record.finishReasons.add(event.finishReason);
      }
      yield event;
    }
  }
  return { events: events(), figures: reader.figures };
}
