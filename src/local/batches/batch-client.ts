import { createWriteStream, openAsBlob } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { basename } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream as NodeStream } from 'node:stream/web';
import { GptEdgeError } from '../../core/errors.ts';

/** What the tools read of a batch. */
export interface ToldBatch {
  id: string;
  status: string;
  endpoint: string;
  created_at: number;
  output_file_id: string | null;
  error_file_id: string | null;
  errors: { data: { message: string; line: number | null }[] } | null;
  request_counts: { total: number; completed: number; failed: number };
}

/** Milliseconds for an answer other than that to an upload. */
const TIMEOUT_MS = 60_000;

/** A server that does not answer for now, as while it is deployed or has too many callers. */
export class AwayError extends GptEdgeError {}

/** A client of the files and batches of a running Worker. What goes wrong is thrown as a GptEdgeError `command_failed`. */
export class BatchClient {
  readonly #origin: string;
  readonly #key: string | undefined;

  /** @param origin where the Worker answers, such as https://gpt.example.com */
  constructor(origin: string, key?: string) {
    this.#origin = origin.replace(/\/+$/, '');
    this.#key = key;
  }

  /** Uploads a file of requests, as it is read from the disk. @returns its id */
  async upload(path: string, signal?: AbortSignal): Promise<string> {
    const form = new FormData();
    form.append('purpose', 'batch');
    form.append('file', await openAsBlob(path), basename(path));
    const { id } = await this.#json<{ id: string }>('/v1/files', { method: 'POST', body: form, signal });
    return id;
  }

  create(input_file_id: string, endpoint: string): Promise<ToldBatch> {
    const body = JSON.stringify({ input_file_id, endpoint, completion_window: '24h' });
    return this.#json('/v1/batches', { method: 'POST', body, headers: { 'content-type': 'application/json' } });
  }

  get(id: string): Promise<ToldBatch> {
    return this.#json(`/v1/batches/${encodeURIComponent(id)}`);
  }

  cancel(id: string): Promise<ToldBatch> {
    return this.#json(`/v1/batches/${encodeURIComponent(id)}/cancel`, { method: 'POST' });
  }

  /** The batches, the newest first. */
  async list(limit: number): Promise<ToldBatch[]> {
    return (await this.#json<{ data: ToldBatch[] }>(`/v1/batches?limit=${limit}`)).data;
  }

  /** Writes a file's bytes to the disk, completely or not at all. */
  async download(id: string, path: string): Promise<void> {
    const part = `${path}.part`;
    const { body } = await this.#fetch(`/v1/files/${encodeURIComponent(id)}/content`);
    try {
      await pipeline(Readable.fromWeb(body as NodeStream), createWriteStream(part));
      await rename(part, path);
    } catch (cause) {
      await rm(part, { force: true });
      throw new AwayError('command_failed', `${path} could not be written to its end: ${(cause as Error).message}.`, { cause });
    }
  }

  async #json<T>(path: string, init: RequestInit = {}): Promise<T> {
    const answer = await this.#fetch(path, { signal: AbortSignal.timeout(TIMEOUT_MS), ...init });
    return (await answer.json().catch(() => {
      throw this.#unexpected(answer);
    })) as T;
  }

  async #fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    if (this.#key !== undefined) headers.set('authorization', `Bearer ${this.#key}`);
    const answer = await fetch(this.#origin + path, { ...init, headers }).catch((cause) => {
      if (init.signal?.aborted && init.signal.reason instanceof GptEdgeError) throw init.signal.reason;
      throw new AwayError('command_failed', `${this.#origin} does not answer.`, { cause });
    });
    if (answer.ok) return answer;
    const { error } = (await answer.json().catch(() => ({}))) as { error?: { message?: string } };
    const isAway = answer.status === 429 || answer.status >= 500;
    const message = error?.message ?? this.#unexpected(answer).message;
    throw isAway ? new AwayError('command_failed', message) : new GptEdgeError('command_failed', message);
  }

  /** What answers is not gpt-edge, or something between answers in its place. */
  #unexpected({ url, status }: Response): GptEdgeError {
    return new GptEdgeError('command_failed', `${url} does not answer as gpt-edge does: with status ${status}.`);
  }
}
