import { type CompletionEvent, complete } from '../../generation/complete.ts';
import type { CompletionRequest } from '../../generation/completion-request.ts';
import type { LanguageModel } from '../../generation/language-model.ts';
import type { RequestContext } from './request-record.ts';

/**
 * Calls {@link complete} and records tokens and finish reasons as they come, so that an answer cut short is counted
 * too.
 */
export async function* completeRecorded(
  model: LanguageModel,
  request: CompletionRequest,
  { signal, record }: RequestContext,
): AsyncGenerator<CompletionEvent> {
  record.promptTokens = (record.promptTokens ?? 0) + request.prompt.length;
  record.completionTokens ??= 0;
  let counted = 0;
  for await (const event of complete(model, request, signal)) {
    if (event.type === 'piece') {
      record.completionTokens += event.completionTokens - counted;
      counted = event.finishReason ? 0 : event.completionTokens;
      if (event.finishReason) record.finishReasons.add(event.finishReason);
    }
    yield event;
  }
}
