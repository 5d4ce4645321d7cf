import type { Grant } from '../../access/grant.ts';
import type { ErrorCode } from '../../core/errors.ts';
import type { JobFigures } from '../../generation/scheduler/job.ts';
import type { FinishReason } from '../../generation/text/text-pieces.ts';
import type { WorkBudget } from '../../generation/work-budget.ts';
import type { AnswerSlices } from '../http/answer-slices.ts';
import type { ObjectContext } from '../http/object-context.ts';

/** Gathers, while a request is served, what its log line will say. It holds no text of a prompt or a completion. */
export class RequestRecord {
  /** When the request came, in milliseconds since the epoch. */
  readonly started = Date.now();
  /** Id of the served model, once it is known. */
  model?: string;
  /** The model's version, if it has one. */
  version?: string;
  /** Id of the completion, once it has one. */
  answerId?: string;
  /** Milliseconds until the model was ready: next to none where it was loaded already. */
  loadMilliseconds?: number;
  /** Bytes of the model's files, if it had to be loaded; 0 if it was loaded already. */
  loadBytes = 0;
  /** Requests, this one among them, that were being computed with the model when this one was admitted. */
  running?: number;
  promptTokens?: number;
  /** Tokens generated for all choices, unfinished ones included. */
  completionTokens?: number;
  /** What the scheduler has counted, once the request is admitted. */
  figures?: Readonly<JobFigures>;
  /** Finish reasons of the choices that are finished. */
  readonly finishReasons = new Set<FinishReason>();
  /** Code of the error that the client was told, in mid-stream or before. */
  error?: ErrorCode;
  /** Status of the answer, once it is known. */
  status = 0;
  /** Whether anything was computed for the prompts. */
  isComputed = false;
  /** Whether the reader of a stream left before its end. */
  isCancelled = false;
  /** Whether the answer is a stream of events. */
  isStream = false;
  /** Whether another app answers, and writes the log line. */
  isForwarded = false;
  /** Name of the engine object that computes. */
  object?: string;
  /** CPU milliseconds that are left of the call's; undefined without a limit. */
  budgetLeft?: () => number | undefined;
  /** Resolves when the answer has ended. */
  readonly ended: Promise<void>;
  #body?: PromiseWithResolvers<void>;

  constructor(ended: Promise<void>) {
    this.ended = ended;
  }

  /** Sequences that were computed together, its own and others', on average over its steps; undefined before the first. */
  get batchSize(): number | undefined {
    const { ticks = 0, sequences = 0 } = this.figures ?? {};
    return ticks > 0 ? Math.round((10 * sequences) / ticks) / 10 : undefined;
  }

  /** Declares that the answer continues after its headers are sent, until `endBody`. */
  beginBody(): void {
    this.#body = Promise.withResolvers();
  }

  endBody(): void {
    this.#body?.resolve();
  }

  /** Resolves when the answer's body has ended; undefined if it was there when the headers were sent. */
  get bodyEnd(): Promise<void> | undefined {
    return this.#body?.promise;
  }
}

/**
 * The HTTP request that a generation serves: whether its client still waits, what all of its work is counted in, and
 * where its figures are recorded.
 */
export interface RequestContext {
  signal: AbortSignal;
  budget: WorkBudget;
  record: RequestRecord;
  /** Present if the answer is made in slices. */
  slices?: AnswerSlices;
  grant: Grant;
}

/** Whether nobody reads the answer any more, so that what ends it is no failure. */
export const hasLeft = ({ signal, record, budget }: RequestContext): boolean => signal.aborted || record.isCancelled || budget.isAbandoned;

/** What the request log finds and leaves in Hono's context. */
export interface RequestLogEnv {
  Bindings: {
    /** The engine object in which the app runs. */
    object?: ObjectContext;
  };
  Variables: { requestId: string; record: RequestRecord };
}
