import type { ErrorCode } from '../../core/errors.ts';
import type { FinishReason } from '../../generation/text/text-pieces.ts';

/** Gathers, while a request is served, what its log line will say. It holds no text of a prompt or a completion. */
export class RequestRecord {
  /** Id of the served model, once it is known. */
  model?: string;
  promptTokens?: number;
  /** Tokens generated for all choices, unfinished ones included. */
  completionTokens?: number;
  /** Finish reasons of the choices that are finished. */
  readonly finishReasons = new Set<FinishReason>();
  /** Code of the error that the client was told, in mid-stream or before. */
  error?: ErrorCode;
  /** Whether the reader of a stream left before its end. */
  isCancelled = false;
  #stream?: PromiseWithResolvers<void>;

  /** Declares that the answer continues after its headers are sent, until `endStream`. */
  beginStream(): void {
    this.#stream = Promise.withResolvers();
  }

  endStream(): void {
    this.#stream?.resolve();
  }

  /** Resolves when the stream has ended; undefined if the answer is not a stream. */
  get streamEnd(): Promise<void> | undefined {
    return this.#stream?.promise;
  }
}

/** The HTTP request that a generation serves: whether its client still waits, and where its figures are recorded. */
export interface RequestContext {
  signal: AbortSignal;
  record: RequestRecord;
}

/** What the request log finds and leaves in Hono's context. */
export interface RequestLogEnv {
  Variables: { requestId: string; record: RequestRecord };
}
