import { type CompletionEvent, complete } from '../../generation/complete.ts';
import type { CompletionRequest } from '../../generation/completion-request.ts';
import type { LanguageModel } from '../../generation/language-model.ts';
import type { RequestRecord } from './request-record.ts';

/** What a generation needs of the HTTP request that it belongs to. */
export interface Call {
  signal: AbortSignal;
  record: RequestRecord;
}

/** {@link complete}, with its tokens and finish reasons noted as they come. */
export async function* completeRecorded(
  model: LanguageModel,
  request: CompletionRequest,
  { signal, record }: Call,
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
