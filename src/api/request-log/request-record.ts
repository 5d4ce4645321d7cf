import type { ErrorCode } from '../../core/errors.ts';
import type { FinishReason } from '../../generation/text/text-pieces.ts';

/** What one request came to, as its log line tells it. No text of a prompt or a completion is in it. */
export class RequestRecord {
  /** A served model's id, once the request has one. */
  model?: string;
  promptTokens?: number;
  /** Of all choices, those of a choice that was not finished too. */
  completionTokens?: number;
  /** Of the finished choices. */
  readonly finishReasons = new Set<FinishReason>();
  /** The code of the error that the client was told, in mid-stream too. */
  error?: ErrorCode;
  /** The reader of a stream left before its end. */
  isCancelled = false;
  #stream?: PromiseWithResolvers<void>;

  /** Says that the answer goes on after its headers are sent, until `endStream`. */
  beginStream(): void {
    this.#stream = Promise.withResolvers();
  }

  endStream(): void {
    this.#stream?.resolve();
  }

  /** Resolves when the stream has ended; undefined where the answer is whole. */
  get streamEnd(): Promise<void> | undefined {
    return this.#stream?.promise;
  }
}
