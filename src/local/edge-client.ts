import { EventSourceParserStream } from 'eventsource-parser/stream';
import { GptEdgeError } from '../core/errors.ts';

/** The fields of a streamed completion's chunk that the tools read. */
export interface CompletionChunk {
  choices: { text: string; finish_reason: string | null }[];
  usage?: { prompt_tokens: number; completion_tokens: number } | null;
}

/** The field of a model's description that the tools read: how much of it is loaded. */
export interface ModelLoad {
  load: { loaded_bytes: number; total_bytes: number };
}

/**
 * A client of a running Worker. An error that the Worker answers with is thrown as a GptEdgeError `command_failed`.
 */
export class EdgeClient {
  readonly #origin: string;

  constructor(origin: string) {
    this.#origin = origin;
  }

  /** The description of a model, which tells how much of it is loaded. */
  async model(id: string): Promise<ModelLoad> {
    return this.#json<ModelLoad>(await this.#fetch(`/v1/models/${encodeURIComponent(id)}`));
  }

  /** The number of tokens in `prompt`, counted by the default model's tokenizer. */
  async countTokens(prompt: string): Promise<number> {
    return (await this.#json<{ count: number }>(await this.#fetch('/tokenize', { prompt }))).count;
  }

  /** Streams a completion. @param body the request, without `stream` and `stream_options` */
  async *complete(body: object): AsyncGenerator<CompletionChunk> {
    const answer = await this.#fetch('/v1/completions', { ...body, stream: true, stream_options: { include_usage: true } });
    if (!answer.headers.get('content-type')?.startsWith('text/event-stream')) throw this.#unexpected(answer);
    const events = answer.body!.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
    for await (const { data } of events) {
      if (data === '[DONE]') return;
      const chunk = JSON.parse(data) as CompletionChunk | { error: { message: string } };
      if ('error' in chunk) throw new GptEdgeError('command_failed', chunk.error.message);
      yield chunk;
    }
  }

  async #fetch(path: string, body?: object): Promise<Response> {
    const init = body && { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    const answer = await fetch(this.#origin + path, init).catch((cause) => {
      throw new GptEdgeError('command_failed', `${this.#origin} does not answer.`, { cause });
    });
    if (answer.ok) return answer;
    const { error } = await this.#json<{ error?: { message?: string } | null }>(answer);
    throw error?.message ? new GptEdgeError('command_failed', error.message) : this.#unexpected(answer);
  }

  async #json<T extends object>(answer: Response): Promise<T> {
    const value = await answer.json().catch(() => null);
    if (typeof value !== 'object' || value === null) throw this.#unexpected(answer);
    return value as T;
  }

  /** What answers is not gpt-edge, or something between answers in its place. */
  #unexpected({ url, status, headers }: Response): GptEdgeError {
    const type = headers.get('content-type') ?? 'nothing';
    return new GptEdgeError('command_failed', `${url} does not answer as gpt-edge does: with status ${status} and ${type}.`);
  }
}
