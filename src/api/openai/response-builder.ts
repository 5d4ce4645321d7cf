import type { CompletionRequest } from '../../generation/completion-request.ts';
import type { LanguageModel } from '../../generation/language-model.ts';
import { itemId } from './item-id.ts';
import type { Usage } from './schemas/answer-fields.ts';
import type { ChatCallDelta, ChatChunk, ChatChunkChoice } from './schemas/chat-schema.ts';
import type { OutputItem, OutputText, ResponseWireRequest, WireResponse } from './schemas/response-schema.ts';

/** An event of a streamed response. */
export interface ResponseEvent {
  readonly type: string;
  readonly sequence_number: number;
}

type MessageItem = Extract<OutputItem, { type: 'message' }>;
type CallItem = Exclude<OutputItem, { type: 'message' }>;
/** An event that has no number yet. */
type Unnumbered = { readonly type: string; readonly [field: string]: unknown };

const seconds = (): number => Math.floor(Date.now() / 1000);

/**
 * The response before anything of it is there: who answers, and what of the request OpenAI's answers repeat.
 * @param head its id, and when it was created, in seconds since the epoch
 */
export function newResponse(
  { id, created }: { id: string; created: number },
  body: ResponseWireRequest,
  model: LanguageModel,
  { sampling, topLogprobs }: CompletionRequest,
): WireResponse {
  return {
    ...{ id, object: 'response', created_at: created, completed_at: null, status: 'in_progress', error: null },
    ...{ incomplete_details: null, model: model.id, output: [], usage: null },
    instructions: body.instructions ?? null,
    max_output_tokens: body.max_output_tokens ?? null,
    tools: (body.tools ?? []).map(toTool),
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
    previous_response_id: body.previous_response_id ?? null,
    store: isStored(body),
    background: body.background ?? false,
    ...{ reasoning: { effort: null, summary: null }, truncation: 'disabled', service_tier: 'default', max_tool_calls: null },
  };
}

function toTool(tool: NonNullable<ResponseWireRequest['tools']>[number]): Record<string, unknown> {
  if (tool.type === 'custom') return { ...tool, description: tool.description ?? null, format: tool.format ?? { type: 'text' } };
  return { ...tool, description: tool.description ?? null, parameters: tool.parameters ?? null, strict: tool.strict ?? null };
}

/** What goes on in the background is stored, or nobody could read it. */
export const isStored = ({ store, background }: ResponseWireRequest): boolean => store === true || background === true;

function toFormat({ text }: ResponseWireRequest): Record<string, unknown> {
  const format = text?.format ?? { type: 'text' as const };
  if (format.type !== 'json_schema') return format;
  return { ...format, description: format.description ?? null, strict: format.strict ?? false };
}

/** What a response is made of: a chunk of a chat, and when the last one came, in seconds since the epoch. */
export type ResponseChunk = ChatChunk & { completed_at?: number };

/**
 * Makes a response of the chunks of a chat of one choice, and tells of it in events of OpenAI's order: each item is
 * opened, filled and closed before the next, and the last event has the whole response. The same chunks always make the
 * same events, wherever that goes on.
 */
export class ResponseBuilder {
  readonly response: WireResponse;
  readonly #output: OutputItems;
  #isWhole = true;
  #count = 0;

  /** @param opening the response before anything of it is there */
  constructor(opening: WireResponse) {
    this.response = opening;
    this.#output = new OutputItems(opening);
  }

  /** What comes before the first chunk. A response in the background is queued until then. */
  begin(): ResponseEvent[] {
    if (!this.response.background) return [this.#stateEvent('created'), this.#stateEvent('in_progress')];
    this.response.status = 'queued';
    return [this.#stateEvent('created'), this.#stateEvent('queued')];
  }

  add({ choices, usage, completed_at }: ResponseChunk): ResponseEvent[] {
    const events: ResponseEvent[] = this.#start();
    for (const choice of choices) {
      events.push(...this.#numbered(this.#output.add(choice)));
      if (choice.finish_reason === 'length') this.#isWhole = false;
    }
    if (usage) this.response.usage = toUsage(usage);
    if (completed_at !== undefined) this.response.completed_at = completed_at;
    return events;
  }

  end(): ResponseEvent[] {
    const events = [...this.#start(), ...this.#numbered(this.#output.end(this.#isWhole))];
    if (this.#isWhole) {
      this.response.status = 'completed';
      this.response.completed_at ??= seconds();
    } else Object.assign(this.response, { status: 'incomplete', completed_at: null, incomplete_details: { reason: 'max_output_tokens' } });
    return [...events, this.#stateEvent(this.response.status)];
  }

  fail({ code, message }: { code: string; message: string }): ResponseEvent[] {
    Object.assign(this.response, { status: 'failed', error: { code, message } });
    return [this.#stateEvent('failed')];
  }

  /** OpenAI's clients know no event of a response that was cancelled: it is incomplete, and its status says why. */
  cancel(): ResponseEvent[] {
    const events = this.response.output.length === 0 ? [] : this.#numbered(this.#output.end(false));
    this.response.status = 'cancelled';
    return [...events, this.#stateEvent('incomplete')];
  }

  #start(): ResponseEvent[] {
    if (this.response.status !== 'queued') return [];
    this.response.status = 'in_progress';
    return [this.#stateEvent('in_progress')];
  }

  #stateEvent(type: string): ResponseEvent {
    return this.#number({ type: `response.${type}`, response: structuredClone(this.response) });
  }

  #number({ type, ...event }: Unnumbered): ResponseEvent {
    return { type, sequence_number: this.#count++, ...event };
  }

  #numbered(events: Iterable<Unnumbered>): ResponseEvent[] {
    return Array.from(events, (event) => this.#number(event));
  }
}

/** The whole response. @throws what the chunks throw */
export async function joinResponse(opening: WireResponse, chunks: AsyncIterable<ResponseChunk>): Promise<WireResponse> {
  const builder = new ResponseBuilder(opening);
  for await (const chunk of chunks) builder.add(chunk);
  builder.end();
  return builder.response;
}

const toUsage = ({ prompt_tokens, completion_tokens, total_tokens, prompt_tokens_details, gpt_edge }: Usage): WireResponse['usage'] => ({
  input_tokens: prompt_tokens,
  input_tokens_details: { cached_tokens: prompt_tokens_details.cached_tokens, cache_write_tokens: 0 },
  output_tokens: completion_tokens,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens,
  gpt_edge,
});

/** What the events of a call are about. */
const PIECES = { function_call: 'function_call_arguments', custom_tool_call: 'custom_tool_call_input' } as const;

/** Fills the items of a response, one after the other, and tells what it does in events. */
class OutputItems {
  readonly #items: OutputItem[];
  readonly #responseId: string;

  constructor({ id, output }: WireResponse) {
    this.#responseId = id;
    this.#items = output;
  }

  *add({ delta, logprobs }: ChatChunkChoice): Generator<Unnumbered> {
    const scores = logprobs?.content ?? [];
    if (delta.content) yield* this.#addText(delta.content, scores);
    for (const call of delta.tool_calls ?? []) {
      if (call.id !== undefined) yield* this.#open(this.#newCall(call.id, call));
      const text = call.function?.arguments ?? call.custom?.input;
      if (text) yield* this.#addToCall(text);
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

  #newCall(call_id: string, { function: called, custom }: ChatCallDelta): CallItem {
    const status = 'in_progress';
    if (custom) return { type: 'custom_tool_call', id: this.#newId('ctc'), status, call_id, name: custom.name!, input: '' };
    return { type: 'function_call', id: this.#newId('fc'), status, call_id, name: called!.name!, arguments: '' };
  }

  #newId(prefix: 'msg' | 'fc' | 'ctc'): string {
    return itemId(prefix, this.#responseId, String(this.#items.length));
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
    const message: MessageItem = { type: 'message', id: this.#newId('msg'), status: 'in_progress', role: 'assistant', content: [] };
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

  *#addToCall(text: string): Generator<Unnumbered> {
    const item = this.#last as CallItem;
    if (item.type === 'custom_tool_call') item.input += text;
    else item.arguments += text;
    yield { type: `response.${PIECES[item.type]}.delta`, ...this.#place, delta: text };
  }

  *#close(status: OutputItem['status']): Generator<Unnumbered> {
    const item = this.#last!;
    if (item.type === 'message') {
      const [part] = item.content;
      yield { type: 'response.output_text.done', ...this.#place, content_index: 0, text: part.text, logprobs: part.logprobs };
      yield { type: 'response.content_part.done', ...this.#place, content_index: 0, part: structuredClone(part) };
    } else {
      const whole = item.type === 'custom_tool_call' ? { input: item.input } : { name: item.name, arguments: item.arguments };
      yield { type: `response.${PIECES[item.type]}.done`, ...this.#place, ...whole };
    }
    item.status = status;
    yield { type: 'response.output_item.done', output_index: this.#items.length - 1, item: structuredClone(item) };
  }
}
