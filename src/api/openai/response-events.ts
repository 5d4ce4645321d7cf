import type { CompletionRequest } from '../../generation/completion-request.ts';
import type { LanguageModel } from '../../generation/language-model.ts';
import type { Usage } from './schemas/answer-fields.ts';
import type { ChatChunk, ChatChunkChoice } from './schemas/chat-schema.ts';
import type { OutputItem, OutputText, ResponseWireRequest, WireResponse } from './schemas/response-schema.ts';

/** An event of a streamed response. */
export interface ResponseEvent {
  readonly type: string;
  readonly sequence_number: number;
}

type MessageItem = Extract<OutputItem, { type: 'message' }>;
type CallItem = Extract<OutputItem, { type: 'function_call' }>;
/** An event that has no number yet. */
type Unnumbered = { readonly type: string; readonly [field: string]: unknown };

const newId = (prefix: 'resp' | 'msg' | 'fc'): string => `${prefix}_${crypto.randomUUID().replaceAll('-', '')}`;
const seconds = (): number => Math.floor(Date.now() / 1000);

/** The response before anything of it is there: who answers, and what of the request OpenAI's answers repeat. */
export function newResponse(body: ResponseWireRequest, model: LanguageModel, { sampling, topLogprobs }: CompletionRequest): WireResponse {
  return {
    ...{ id: newId('resp'), object: 'response', created_at: seconds(), completed_at: null, status: 'in_progress', error: null },
    ...{ incomplete_details: null, model: model.id, output: [], usage: null },
    instructions: body.instructions ?? null,
    max_output_tokens: body.max_output_tokens ?? null,
    tools: (body.tools ?? []).map(({ description = null, parameters = null, strict = null, ...tool }) => ({
      ...tool,
      ...{ description, parameters, strict },
    })),
    tool_choice: body.tool_choice ?? 'auto',
    parallel_tool_calls: body.parallel_tool_calls ?? false,
    text: { format: toFormat(body) },
    temperature: sampling.temperature,
    top_p: sampling.topP,
    presence_penalty: sampling.presencePenalty,
    frequency_penalty: sampling.frequencyPenalty,
    top_logprobs: topLogprobs ?? 0,
    metadata: body.metadata ?? {},
    user: body.user ?? null,
    safety_identifier: body.safety_identifier ?? null,
    prompt_cache_key: body.prompt_cache_key ?? null,
    ...{ previous_response_id: null, reasoning: { effort: null, summary: null }, truncation: 'disabled', service_tier: 'default' },
    ...{ store: false, background: false, max_tool_calls: null },
  };
}

function toFormat({ text }: ResponseWireRequest): Record<string, unknown> {
  const format = text?.format ?? { type: 'text' as const };
  if (format.type !== 'json_schema') return format;
  return { ...format, description: format.description ?? null, strict: format.strict ?? false };
}

/**
 * The events of a response, made of the chunks of a chat of one choice, in OpenAI's order: each item is opened, filled
 * and closed before the next, and the last event has the whole response.
 * @param response is filled
 * @param failure the error as the client may see it
 */
export async function* responseEvents(
  response: WireResponse,
  chunks: AsyncIterable<ChatChunk>,
  failure: (error: unknown) => { code: string; message: string },
): AsyncGenerator<ResponseEvent> {
  let sequence_number = 0;
  const numbered = ({ type, ...event }: Unnumbered): ResponseEvent => ({ type, sequence_number: sequence_number++, ...event });
  yield numbered({ type: 'response.created', response: structuredClone(response) });
  yield numbered({ type: 'response.in_progress', response: structuredClone(response) });
  try {
    for await (const event of fill(response, chunks)) yield numbered(event);
  } catch (error) {
    const { code, message } = failure(error);
    Object.assign(response, { status: 'failed', error: { code, message } });
  }
  yield numbered({ type: `response.${response.status}`, response });
}

/** The whole response. @throws what the chunks throw */
export async function joinResponse(response: WireResponse, chunks: AsyncIterable<ChatChunk>): Promise<WireResponse> {
  for await (const _ of fill(response, chunks));
  return response;
}

/** Fills a response, and tells of its items. */
async function* fill(response: WireResponse, chunks: AsyncIterable<ChatChunk>): AsyncGenerator<Unnumbered> {
  const output = new OutputItems(response.output);
  let isWhole = true;
  for await (const { choices, usage } of chunks) {
    for (const choice of choices) {
      yield* output.add(choice);
      if (choice.finish_reason === 'length') isWhole = false;
    }
    if (usage) response.usage = toUsage(usage);
  }
  yield* output.end(isWhole);
  if (isWhole) Object.assign(response, { status: 'completed', completed_at: seconds() });
  else Object.assign(response, { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } });
}

const toUsage = ({ prompt_tokens, completion_tokens, total_tokens, prompt_tokens_details }: Usage): WireResponse['usage'] => ({
  input_tokens: prompt_tokens,
  input_tokens_details: { cached_tokens: prompt_tokens_details.cached_tokens, cache_write_tokens: 0 },
  output_tokens: completion_tokens,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens,
});

/** Fills the items of a response, one after the other, and tells what it does in events. */
class OutputItems {
  readonly #items: OutputItem[];

  constructor(items: OutputItem[]) {
    this.#items = items;
  }

  *add({ delta, logprobs }: ChatChunkChoice): Generator<Unnumbered> {
    const scores = logprobs?.content ?? [];
    if (delta.content) yield* this.#addText(delta.content, scores);
    for (const { id, function: part } of delta.tool_calls ?? []) {
      if (id !== undefined)
        yield* this.#open({ type: 'function_call', id: newId('fc'), status: 'in_progress', call_id: id, name: part.name!, arguments: '' });
      if (part.arguments) yield* this.#addArguments(part.arguments);
    }
  }

  /** Closes the last item. A response has one at least. */
  *end(isWhole: boolean): Generator<Unnumbered> {
    if (this.#items.length === 0) yield* this.#openMessage();
    yield* this.#close(isWhole ? 'completed' : 'incomplete');
  }

  get #last(): OutputItem | undefined {
    return this.#items.at(-1);
  }

  /** Where the events of the last item belong. */
  get #place() {
    return { item_id: this.#last!.id, output_index: this.#items.length - 1 };
  }

  *#open(item: OutputItem): Generator<Unnumbered> {
    if (this.#last) yield* this.#close('completed');
    this.#items.push(item);
    yield { type: 'response.output_item.added', output_index: this.#items.length - 1, item: structuredClone(item) };
  }

  *#openMessage(): Generator<Unnumbered> {
    const message: MessageItem = { type: 'message', id: newId('msg'), status: 'in_progress', role: 'assistant', content: [] };
    yield* this.#open(message);
    const part: OutputText = { type: 'output_text', text: '', annotations: [], logprobs: [] };
    message.content.push(part);
    yield { type: 'response.content_part.added', ...this.#place, content_index: 0, part: structuredClone(part) };
  }

  *#addText(text: string, scores: OutputText['logprobs']): Generator<Unnumbered> {
    if (this.#last?.type !== 'message') yield* this.#openMessage();
    const [part] = (this.#last as MessageItem).content;
    part.text += text;
    part.logprobs.push(...scores);
    yield { type: 'response.output_text.delta', ...this.#place, content_index: 0, delta: text, logprobs: scores };
  }

  *#addArguments(text: string): Generator<Unnumbered> {
    (this.#last as CallItem).arguments += text;
    yield { type: 'response.function_call_arguments.delta', ...this.#place, delta: text };
  }

  *#close(status: OutputItem['status']): Generator<Unnumbered> {
    const item = this.#last!;
    if (item.type === 'message') {
      const [part] = item.content;
      yield { type: 'response.output_text.done', ...this.#place, content_index: 0, text: part.text, logprobs: part.logprobs };
      yield { type: 'response.content_part.done', ...this.#place, content_index: 0, part: structuredClone(part) };
    } else {
      yield { type: 'response.function_call_arguments.done', ...this.#place, name: item.name, arguments: item.arguments };
    }
    item.status = status;
    yield { type: 'response.output_item.done', output_index: this.#items.length - 1, item: structuredClone(item) };
  }
}
