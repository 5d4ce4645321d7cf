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
    return (await this.#fetch(`/v1/models/${encodeURIComponent(id)}`)).json() as Promise<ModelLoad>;
  }

  /** The number of tokens in `prompt`, counted by the default model's tokenizer. */
  async countTokens(prompt: string): Promise<number> {
    const answer = await this.#fetch('/tokenize', { prompt });
    return ((await answer.json()) as { count: number }).count;
  }

  /** Streams a completion. @param body the request, without `stream` and `stream_options` */
  async *complete(body: object): AsyncGenerator<CompletionChunk> {
    const answer = await this.#fetch('/v1/completions', { ...body, stream: true, stream_options: { include_usage: true } });
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
    const answer = await fetch(this.#origin + path, init);
    if (answer.ok) return answer;
    const { error } = (await answer.json()) as { error: { message: string } };
    throw new GptEdgeError('command_failed', error.message);
  }
}
