/** Whatever answers HTTP requests as gpt-edge does: a service binding, or an object around `fetch`. */
export interface EdgeFetcher {
  fetch(url: string, init: RequestInit): Promise<Response>;
}

export interface WorkersAiOptions {
  /**
   * Which served model answers for which of Workers AI's names; `*` stands for all others, and '' for the first served
   * model. A name that is not in the table is refused, as Workers AI refuses one that it does not know.
   * @default all names are answered by the first served model
   */
  models?: Readonly<Record<string, string>>;
}

/** What a text generation model of Workers AI takes. */
export interface TextGenerationInputs {
  messages?: readonly object[];
  prompt?: string;
  /** Whether the prompt is continued as it is, without the model's chat template. */
  raw?: boolean;
  stream?: boolean;
  max_tokens?: number;
  /** JSON, or with `json_schema` JSON of this schema: Workers AI has the schema itself here. */
  response_format?: { type: string; json_schema?: unknown };
  /** Functions as OpenAI has them, or without `type` and `function` around each. */
  tools?: readonly object[];
  temperature?: number;
  top_p?: number;
  top_k?: number;
  seed?: number;
  repetition_penalty?: number;
  frequency_penalty?: number;
  presence_penalty?: number;
}

/** What it answers. */
export interface TextGenerationOutput {
  /** A text; the parsed JSON where a `response_format` asks for it. */
  response: unknown;
  usage: { prompt_tokens: number; completion_tokens: number; total_tokens: number };
  tool_calls: { name: string; arguments: unknown }[];
}

export interface RunOptions {
  /** Whether the answer is a Response, of JSON or of server-sent events. @default false */
  returnRawResponse?: boolean;
}

/** As in Workers AI. */
const DEFAULT_MAX_TOKENS = 256;
/** The fields that both sides have, under the same name and with the same meaning. */
const SAMPLING = ['temperature', 'top_p', 'top_k', 'seed', 'repetition_penalty', 'frequency_penalty', 'presence_penalty'] as const;
const KNOWN = ['messages', 'prompt', 'raw', 'stream', 'max_tokens', 'response_format', 'tools', ...SAMPLING];
const ORIGIN = 'http://gpt-edge';

/**
 * Text generation in the shapes of Workers AI's binding, `env.AI`, answered by gpt-edge: a program that was written for
 * Workers AI is tested without an account, a network or a bill. This module imports nothing, so that it can be a Worker
 * of its own.
 * @example
 * const ai = new WorkersAi(env.GPT_EDGE, { models: { '@cf/meta/llama-3.1-8b-instruct': 'SmolLM2-135M-Instruct' } });
 * const { response } = await ai.run('@cf/meta/llama-3.1-8b-instruct', { prompt: 'Tell me a story.' });
 */
export class WorkersAi {
  readonly #edge: EdgeFetcher;
  readonly #models: Readonly<Record<string, string>>;

  constructor(edge: EdgeFetcher, { models = { '*': '' } }: WorkersAiOptions = {}) {
    this.#edge = edge;
    this.#models = models;
  }

  run(model: string, inputs: TextGenerationInputs, options: RunOptions & { returnRawResponse: true }): Promise<Response>;
  run(model: string, inputs: TextGenerationInputs & { stream: true }, options?: RunOptions): Promise<ReadableStream<Uint8Array>>;
  run(model: string, inputs: TextGenerationInputs & { stream?: false }, options?: RunOptions): Promise<TextGenerationOutput>;
  /**
   * Generates a text.
   * @returns Workers AI's object; with `stream` server-sent events, whose `data` is `{"response": "…"}`, and at the end
   *   one with `usage`, and `[DONE]`
   * @throws Error with a number and a message, as Workers AI's: `5007: No such model …`, `5006: …` for what is not
   *   supported or invalid; `3040: …` where there is no room
   */
  async run(model: string, inputs: TextGenerationInputs, { returnRawResponse = false }: RunOptions = {}): Promise<unknown> {
    const { path, body } = toEdge(this.#servedModel(model), inputs);
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    const answer = await this.#edge.fetch(`${ORIGIN}${path}`, init);
    if (!answer.ok) throw await failure(answer);
    if (inputs.stream) {
      const events = answer.body!.pipeThrough(toWorkersAiEvents());
      return returnRawResponse ? new Response(events, { headers: { 'content-type': 'text/event-stream' } }) : events;
    }
    const output = toOutput((await answer.json()) as EdgeAnswer, inputs);
    return returnRawResponse ? Response.json(output) : output;
  }

  #servedModel(name: string): string {
    const served = Object.hasOwn(this.#models, name) ? this.#models[name] : this.#models['*'];
    if (served === undefined) throw new Error(`5007: No such model ${name} or task`);
    return served;
  }
}

/** The fields of gpt-edge's answers and chunks that are read here. */
interface EdgeAnswer {
  choices: {
    text?: string;
    message?: { content: string | null; tool_calls?: EdgeCall[] | null };
    delta?: { content?: string | null; tool_calls?: EdgeCall[] | null };
  }[];
  usage?: TextGenerationOutput['usage'] | null;
  error?: { message: string };
}

interface EdgeCall {
  function?: { name?: string; arguments?: string };
}

/** The request that gpt-edge gets. */
function toEdge(model: string, inputs: TextGenerationInputs): { path: string; body: Record<string, unknown> } {
  const unknown = Object.entries(inputs).find(([name, value]) => value != null && !KNOWN.includes(name));
  if (unknown) throw new Error(`5006: Error: gpt-edge does not support ${unknown[0]}`);
  const { messages, prompt, raw, stream, max_tokens = DEFAULT_MAX_TOKENS, response_format, tools } = inputs;
  if (messages === undefined && prompt === undefined) throw new Error("5006: Error: required properties at '/' are 'prompt' or 'messages'");
  const common: Record<string, unknown> = {
    ...(model === '' ? {} : { model }),
    max_tokens,
    ...Object.fromEntries(SAMPLING.filter((name) => inputs[name] != null).map((name) => [name, inputs[name]])),
    ...(response_format ? { response_format: toResponseFormat(response_format) } : {}),
    ...(stream ? { stream, stream_options: { include_usage: true } } : {}),
  };
  if (messages === undefined && raw) return { path: '/v1/completions', body: { prompt, ...common } };
  const called = tools && tools.length > 0 ? { tools: tools.map(toTool) } : {};
  return { path: '/v1/chat/completions', body: { messages: messages ?? [{ role: 'user', content: prompt }], ...common, ...called } };
}

function toResponseFormat({ type, json_schema }: NonNullable<TextGenerationInputs['response_format']>): object {
  if (type !== 'json_schema') return { type };
  // A program that is written for OpenAI, too, may have OpenAI's form.
  const isWrapped = typeof json_schema === 'object' && json_schema !== null && 'schema' in json_schema && 'name' in json_schema;
  return { type, json_schema: isWrapped ? json_schema : { name: 'response', schema: json_schema, strict: true } };
}

const toTool = (tool: object): object => ('function' in tool ? tool : { type: 'function', function: tool });

function toOutput({ choices: [choice], usage }: EdgeAnswer, { response_format }: TextGenerationInputs): TextGenerationOutput {
  const text = choice.text ?? choice.message?.content ?? '';
  const calls = choice.message?.tool_calls ?? [];
  const { prompt_tokens, completion_tokens, total_tokens } = usage!;
  return {
    response: isJson(response_format) && calls.length === 0 ? parsed(text) : text,
    usage: { prompt_tokens, completion_tokens, total_tokens },
    tool_calls: calls.map((call) => ({ name: call.function?.name ?? '', arguments: parsed(call.function?.arguments || '{}') })),
  };
}

const isJson = (format: TextGenerationInputs['response_format']): boolean => format !== undefined && /^json_/.test(format.type);

/** @throws Error in Workers AI's words, for an answer that its limit has cut */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Error("5024: JSON Mode couldn't be met", { cause });
  }
}

/** The error of an answer, with Workers AI's number for its kind. */
async function failure(answer: Response): Promise<Error> {
  const { error } = (await answer.json().catch(() => ({}))) as Partial<EdgeAnswer>;
  const number = answer.status === 404 ? 5007 : answer.status < 500 ? 5006 : 3040;
  return new Error(`${number}: ${error?.message ?? `gpt-edge answered with status ${answer.status}`}`);
}

/** Turns gpt-edge's server-sent events into those of Workers AI. */
function toWorkersAiEvents(): TransformStream<Uint8Array, Uint8Array> {
  const [decoder, encoder] = [new TextDecoder(), new TextEncoder()];
  let waiting = '';
  return new TransformStream({
    transform(bytes, controller) {
      waiting += decoder.decode(bytes, { stream: true });
      const events = waiting.split('\n\n');
      waiting = events.pop()!;
      for (const event of events) {
        const data = event.replace(/^data: /, '');
        const told = data === '[DONE]' ? data : JSON.stringify(toChunk(JSON.parse(data) as EdgeAnswer));
        controller.enqueue(encoder.encode(`data: ${told}\n\n`));
      }
    },
  });
}

function toChunk({ choices = [], usage, error }: EdgeAnswer): object {
  if (error) return { errors: [{ message: error.message }] };
  const [choice] = choices;
  const calls = choice?.delta?.tool_calls;
  return {
    response: choice?.text ?? choice?.delta?.content ?? '',
    ...(calls ? { tool_calls: calls } : {}),
    ...(usage
      ? { usage: { prompt_tokens: usage.prompt_tokens, completion_tokens: usage.completion_tokens, total_tokens: usage.total_tokens } }
      : {}),
  };
}
