import { steadyNow } from '../../core/steady-clock.ts';
import { Outbox } from '../outbox.ts';
import type { StopCause } from '../text/text-pieces.ts';

/** What a request has cost so far, for its log line and its usage. */
export interface JobFigures {
  /** Tokens of its prompts that were found in the KV cache. */
  cachedTokens: number;
  /** Tokens that were drafted for its choices and then chosen, and those that were not. */
  acceptedTokens: number;
  rejectedTokens: number;
  /** Multiply-adds that were computed for it, and its share of those that a step takes for all. */
  multiplyAdds: number;
  /** Milliseconds that it waited for room, by the platform's clock. */
  queueMilliseconds: number;
  /** Ticks that computed something for it. */
  ticks: number;
  /** Sequences in these ticks, its own and others', added up. */
  sequences: number;
}

/** What a job knows of what is computed for it. */
export interface JobRun {
  /** Null while it waits for room. */
  readonly sequence: object | null;
  /** Whether it waits for its reader. */
  readonly isPaused: boolean;
  /** Ends what it computes with what it has. */
  stop(cause: StopCause): void;
  /** Ends it, and gives back its room. */
  end(): void;
}

/** Milliseconds after which a request that nobody can wake looks by itself. */
const OWN_LOOK_MS = 10;

export interface JobOptions {
  /** Whether pieces that wait for the reader are joined. @default true */
  readonly joinsPieces?: boolean;
  /** What it has cost before, if it was begun elsewhere. @default nothing */
  readonly figures?: Partial<JobFigures>;
  /** Whether tokens are computed before they are chosen. @default true */
  readonly speculates?: boolean;
  /** Whether others may resolve what it waits for. @default true */
  readonly canBeWoken?: boolean;
  /** Whether nobody waits for it. @default false */
  readonly isOffline?: boolean;
}

/** A request as the scheduler holds it: what is left to compute, and what waits for its reader. */
export class Job<Run extends JobRun> {
  readonly outbox: Outbox;
  readonly figures: JobFigures = {
    cachedTokens: 0,
    acceptedTokens: 0,
    rejectedTokens: 0,
    multiplyAdds: 0,
    queueMilliseconds: 0,
    ticks: 0,
    sequences: 0,
  };
  readonly submitted = steadyNow();
  /** When something was computed for it last, or else when it was submitted, by the steady clock. */
  served = this.submitted;
  /** Whether it gives way to jobs for which somebody waits. */
  isOffline: boolean;
  /** Whether tokens are computed before they are chosen: those that are drafted, and those that are certain. */
  readonly speculates: boolean;
  /** Tokens of all its prompts. */
  promptTokens = 0;
  /** What has not ended, in the order of prompts and choices. */
  runs: readonly Run[] = [];
  /** Whether something of it was given room. Until then it may be refused. */
  isAdmitted = false;
  /** Why it ended before it was complete. */
  #failure: { reason: unknown } | null = null;
  #wake: (() => void) | null = null;
  readonly #canBeWoken: boolean;

  /** @param options how its reader wants its events, and what it has cost elsewhere */
  constructor({ joinsPieces, figures, speculates = true, canBeWoken = true, isOffline = false }: JobOptions = {}) {
    this.speculates = speculates;
    this.#canBeWoken = canBeWoken;
    this.isOffline = isOffline;
    this.outbox = new Outbox({ joinsPieces });
    Object.assign(this.figures, figures);
  }

  get isEnded(): boolean {
    return this.runs.length === 0;
  }

  /** @throws why it ended before it was complete */
  throwIfFailed(): void {
    if (this.#failure) throw this.#failure.reason;
  }

  admit(): void {
    this.isAdmitted = true;
    this.figures.queueMilliseconds = steadyNow() - this.submitted;
    this.wake();
  }

  /** Whether something of it could be computed now. */
  get canRun(): boolean {
    return this.runs.some(({ sequence, isPaused }) => sequence && !isPaused);
  }

  /**
   * Gives back all its room, and lets its reader know why.
   * @param flying runs that are being computed: whoever does that ends them afterwards
   */
  fail(reason: unknown, flying: ReadonlySet<Run>): void {
    if (this.isEnded) return;
    this.#failure = { reason };
    this.#endRuns(flying);
  }

  /**
   * Gives back all its room, and lets its reader have what there is.
   * @param flying as in `fail`
   */
  stop(cause: StopCause, flying: ReadonlySet<Run>): void {
    try {
      for (const run of this.runs) run.stop(cause);
    } catch (reason) {
      this.#failure = { reason };
    }
    this.#endRuns(flying);
  }

  #endRuns(flying: ReadonlySet<Run>): void {
    for (const run of this.runs) if (!flying.has(run)) run.end();
    this.runs = [];
    this.wake();
  }

  /**
   * Waits until there may be something new for its reader, but not for longer than so many milliseconds. The promise is
   * made here, by the request that waits: in a Worker, what awaits a promise goes on only while the request lives that
   * made it.
   */
  async look(milliseconds: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const timer = setTimeout(resolve, this.#canBeWoken ? milliseconds : Math.min(milliseconds, OWN_LOOK_MS));
    await promise;
    clearTimeout(timer);
    this.#wake = null;
  }

  /** Nobody waits any more. */
  forgetReader(): void {
    this.#wake = null;
  }

  /** Lets whoever waits look now. */
  wake(): void {
    if (!this.#canBeWoken) return;
    this.#wake?.();
    this.#wake = null;
  }
}
