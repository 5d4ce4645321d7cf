import { type CompletionEvent, complete } from '../../generation/complete.ts';
import type { CompletionRequest } from '../../generation/completion-request.ts';
import type { LanguageModel } from '../../generation/language-model.ts';
import type { RequestContext } from './request-record.ts';

/**
 * Calls {@link complete} and records tokens and finish reasons while they arrive, so that an answer that is cut short
 * is counted too.
 */
export async function* completeRecorded(
  model: LanguageModel,
  request: CompletionRequest,
  { budget, record }: RequestContext,
): AsyncGenerator<CompletionEvent> {
  record.promptTokens = (record.promptTokens ?? 0) + request.prompt.length;
  record.completionTokens ??= 0;
  let counted = 0;
  for await (const event of complete(model, request, budget)) {
    if (event.type === 'piece') {
      record.completionTokens += event.completionTokens - counted;
      counted = event.finishReason ? 0 : event.completionTokens;
      if (event.finishReason) record.finishReasons.add(event.finishReason);
    }
    yield event;
  }
}
