import type { Decoder, Feed } from '../../core/decoder.ts';
import { GptEdgeError } from '../../core/errors.ts';
import { steadyNow } from '../../core/steady-clock.ts';
import type { CompletionEvent } from '../completion-event.ts';
import type { Outbox } from '../outbox.ts';
import { TokenWork, type WorkingModel } from '../token-work.ts';
import type { WorkBudget } from '../work-budget.ts';
import { WorkRate } from '../work-rate.ts';
import { Job, type JobFigures, type JobOptions } from './job.ts';
import { KvRoom } from './kv-room.ts';
import { type Batch, type Part, planBatch } from './plan-batch.ts';
import { priorityOrder } from './priority-order.ts';
import { type PromptTask, promptRuns } from './prompt-run.ts';
import type { Run } from './run.ts';

export interface SchedulerOptions {
  /** Requests that may wait for room; one more is refused. @default 64 */
  queueLimit?: number;
  /** Seconds that a request may wait for room. @default 30 */
  queueSeconds?: number;
  /** Whether tokens are drafted where that pays, and taken ahead where they are certain. The text is the same. @default true */
  speculates?: boolean;
}

export const DEFAULT_QUEUE_LIMIT = 64;
export const DEFAULT_QUEUE_SECONDS = 30;

/**
 * The part of a turn that a tick may take while several requests are there. They wait for each other's ticks, so it
 * should be small; but the weights are read once in each tick.
 */
const TURNS_PER_TICK = 1 / 4;
/** The same for a request that is alone. It may be joined by another in the meantime. */
const TURNS_PER_LONE_TICK = 1 / 2;

/**
 * Milliseconds after which a request that waits for others looks whether they still go on. It is seldom needed: only if
 * all that could compute something have left, or do not read.
 */
const LOOK_MS = 50;

/** How long a turn takes, roughly, and the longest that a refused request is told to wait. */
const SECONDS_PER_TURN = 0.07;
const MOST_RETRY_SECONDS = 60;

/**
 * Milliseconds after which a tick is given up. The engine onnxruntime-web computes asynchronously, and a tick whose
 * request was cancelled meanwhile may never end.
 */
const ABANDONED_TICK_MS = 30_000;

/** Plans see to it that each request fits. A host may have less memory than it says. */
const NO_MEMORY = 'There is no memory for the KV cache of this request now. Try again later.';

/**
 * Milliseconds that a job for which nobody waits may wait by itself while others are served. After that the oldest of
 * them counts as any other, until it ends, and then the next: so they all end some time.
 */
const OFFLINE_PATIENCE_MS = 10_000;

/** What a scheduler has done for all requests since it began. */
export interface SchedulerTotals {
  /** Tokens of the prompts that were taken on. */
  promptTokens: number;
  /** Those of them that were found in the KV cache. */
  cachedTokens: number;
}

/** What a request reads its events from. */
export interface JobReader extends AsyncIterableIterator<CompletionEvent, undefined> {
  readonly figures: Readonly<JobFigures>;
}

/** A tick that computes. */
interface Flight {
  readonly parts: readonly Part[];
  readonly since: number;
  /** Of the request that computes. */
  readonly work: WorkBudget;
}

/**
 * Shares a model among all requests of an isolate. A tick computes the next token of each run that decodes, and, as far
 * as its budget goes, chunks of prompts, in one batch.
 *
 * A Worker has no place where a loop of its own could run, since all code belongs to a request, which may be cancelled
 * at any time and then never goes on. So nobody in particular drives the scheduler: whichever request wants its next
 * event, and finds none, runs a tick for all. Nothing that matters later happens after an `await` of one request alone.
 */
export class Scheduler {
  /** How long the model's work takes in this isolate. */
  readonly rate = new WorkRate();
  readonly #decoder: Decoder;
  readonly #work: TokenWork;
  readonly #room: KvRoom;
  readonly #queueLimit: number;
  readonly #queueMilliseconds: number;
  readonly #speculates: boolean;
  /** All that have not ended, the oldest first. */
  #jobs: Job<Run>[] = [];
  /** Those whose readers have something to take. */
  readonly #readable = new Set<Job<Run>>();
  #flight: Flight | null = null;
  /** The job that gave way for so long that it does not any more. */
  #promoted: Job<Run> | null = null;
  /** The totals of requests that have ended. */
  readonly #ended: SchedulerTotals = { promptTokens: 0, cachedTokens: 0 };
  /** How many ticks have computed something. */
  #ticks = 0;
  /** Ends the jobs of readers that were dropped: the code of a cancelled request does not go on to say so. */
  readonly #dropped = new FinalizationRegistry<Job<Run>>((job) => this.#end(job, new Error('the reader was dropped')));

  constructor(model: WorkingModel, options: SchedulerOptions = {}) {
    this.#speculates = options.speculates ?? true;
    this.#decoder = model.decoder;
    this.#work = new TokenWork(model);
    this.#room = new KvRoom(model.decoder);
    this.#queueLimit = options.queueLimit ?? DEFAULT_QUEUE_LIMIT;
    this.#queueMilliseconds = (options.queueSeconds ?? DEFAULT_QUEUE_SECONDS) * 1000;
  }

  /** Whether there is anything left to compute, or to read. */
  get isBusy(): boolean {
    return this.#jobs.length > 0;
  }

  /** How many requests are being computed, or have something for their readers. */
  get runningCount(): number {
    return this.#jobs.filter(({ isAdmitted }) => isAdmitted).length;
  }

  /** How many requests wait for room. */
  get waitingCount(): number {
    return this.#jobs.length - this.runningCount;
  }

  /** How many requests wait for room of those for which somebody waits. */
  get callersWaiting(): number {
    return this.#jobs.filter(({ isAdmitted, isOffline }) => !isAdmitted && !isOffline).length;
  }

  get totals(): SchedulerTotals {
    return this.#jobs.reduce(addTotals, { ...this.#ended });
  }

  /**
   * Takes on a request, and waits until there is room for the first of its prompts. Its events are then read from the
   * result, at the reader's pace.
   * @param tasks makes what is wanted of each prompt, whose events go into the outbox
   * @param options of a request that was begun elsewhere; it is not refused because others wait
   * @throws GptEdgeError `overloaded` if too many wait already, or if it has waited for too long; the reason of the
   *   budget's signal once it is aborted
   */
  async submit(tasks: (outbox: Outbox) => readonly PromptTask[], budget: WorkBudget, options?: JobOptions): Promise<JobReader> {
    budget.signal.throwIfAborted();
    const job = new Job<Run>({
      speculates: this.#speculates,
      canBeWoken: budget.place === undefined,
      isOffline: budget.isOffline,
      ...options,
    });
    const wanted = tasks(job.outbox);
    job.runs = promptRuns(job, wanted);
    job.promptTokens = wanted.reduce((sum, { tokens }) => sum + tokens.length, 0);
    if (!job.outbox.isEmpty) this.#readable.add(job);
    if (job.isEnded) return this.#reader(job, budget);
    const end = () => this.#end(job, budget.signal.reason);
    budget.signal.addEventListener('abort', end, { once: true });
    budget.onAbandoned(() => {
      job.forgetReader();
      end();
    });
    this.#jobs.push(job);
    if (!this.#flight) this.#share();
    // Whoever is waited for does not wait behind those who are not.
    const queue = this.#jobs.filter(({ isAdmitted, isOffline }) => !isAdmitted && (job.isOffline || !isOffline));
    const mayBeRefused = options?.figures === undefined;
    if (!job.isAdmitted && mayBeRefused && queue.length > this.#queueLimit)
      this.#end(job, this.#overloaded(`${this.#queueLimit} requests wait already`));
    await this.#advance(job, budget, () => job.isAdmitted);
    job.throwIfFailed();
    return this.#reader(job, budget);
  }

  #reader(job: Job<Run>, budget: WorkBudget): JobReader {
    const reader: JobReader = {
      figures: job.figures,
      next: async () => {
        await this.#advance(job, budget, () => !job.outbox.isEmpty);
        job.throwIfFailed();
        const value = job.outbox.take();
        if (job.outbox.isEmpty) this.#readable.delete(job);
        return value ? { value } : { value: undefined, done: true };
      },
      return: async () => {
        this.#end(job, new Error('the reader has left'));
        return { value: undefined, done: true };
      },
      [Symbol.asyncIterator]: () => reader,
    };
    this.#dropped.register(reader, job);
    return reader;
  }

  /** Runs ticks, or waits while others do, until a job is ready or has ended. */
  async #advance(job: Job<Run>, budget: WorkBudget, isReady: () => boolean): Promise<void> {
    // Whoever waits for room lets those run that have it, unless none of them has run since the last look.
    let ticksSeen = -1;
    const isOver = () => isReady() || job.isEnded;
    while (!isOver()) {
      await budget.takeTurn(this.#turnsFor(job), isOver);
      if (isOver()) return;
      if (budget.isSpent) {
        await this.#followOthers(job, isOver);
        continue;
      }
      const mayTick = ticksSeen === this.#ticks || job.canRun;
      const hasComputed = mayTick && (await this.tick(budget));
      ticksSeen = this.#ticks;
      if (!hasComputed) await job.look(LOOK_MS);
    }
  }

  /** What a job does that has no CPU time left: it takes what others compute for it, and stops if nobody does. */
  async #followOthers(job: Job<Run>, isOver: () => boolean): Promise<void> {
    const seen = this.#ticks;
    if (this.#jobs.length > 1) await job.look(LOOK_MS);
    if (isOver() || this.#ticks !== seen) return;
    job.stop('cpu_budget', this.#flyingRuns);
    if (!job.outbox.isEmpty) this.#readable.add(job);
    this.#dropEnded();
  }

  /** The turns that a job may take before it lets others take what waits for them. */
  #turnsFor(job: Job<Run>): number {
    const othersCanRead = this.#readable.size > Number(this.#readable.has(job));
    return othersCanRead ? TURNS_PER_TICK : 1 - this.#turnsPerTick;
  }

  /**
   * Computes something for all jobs: one batch.
   * @param work in which the work is counted
   * @returns whether there was anything to compute, and nobody else was computing
   */
  async tick(work: WorkBudget): Promise<boolean> {
    if (this.#flight && !this.#flight.work.isAbandoned && steadyNow() - this.#flight.since < ABANDONED_TICK_MS) return false;
    this.#land();
    this.#refuseLate();
    this.#promote();
    this.#share();
    const running = this.#order().filter(({ sequence, isPaused }) => sequence && !isPaused);
    const budget = Math.min(this.#turnsPerTick * this.#decoder.multiplyAddsPerTurn, work.multiplyAddsLeft);
    const batch = planBatch(running, this.#work, budget, this.#speculates ? this.#room.left : -1);
    if (batch.parts.length === 0) return false;
    work.count(batch.work);
    await this.#compute(batch, work);
    return true;
  }

  get #turnsPerTick(): number {
    return this.#jobs.length > 1 ? TURNS_PER_TICK : TURNS_PER_LONE_TICK;
  }

  async #compute({ parts }: Batch, work: WorkBudget): Promise<void> {
    const flight: Flight = { parts, since: steadyNow(), work };
    this.#flight = flight;
    this.#ticks++;
    let failure: { error: unknown } | null = null;
    try {
      await this.#decoder.forwardBatch(parts.map((part) => this.#feed(part, flight)));
    } catch (error) {
      failure = { error };
    }
    // Others may have given this tick up meanwhile.
    if (this.#flight !== flight) return;
    this.#flight = null;
    if (failure) this.#fail(parts, failure.error);
    else this.#settle(parts);
  }

  #feed({ run, count, drafted }: Part, flight: Flight): Feed {
    const { read, readHidden, ...feed } = run.feed(count, drafted);
    run.lastTick = this.#ticks;
    const guarded =
      <T>(take: (values: T, row: number) => void) =>
      (values: T, row: number) => {
        if (this.#flight !== flight || run.job.isEnded) return;
        try {
          take(values, row);
        } catch (error) {
          this.#end(run.job, error);
        }
      };
    return { ...feed, sequence: run.sequence!, read: guarded(read), readHidden: readHidden && guarded(readHidden) };
  }

  /** Notes what a batch has done, and lets the readers know. */
  #settle(parts: readonly Part[]): void {
    const served = new Set(parts.map(({ run }) => run));
    for (const { run, work } of parts) run.job.figures.multiplyAdds += work + this.#work.weights / parts.length;
    const now = steadyNow();
    for (const job of new Set(parts.map(({ run }) => run.job))) {
      job.served = now;
      job.figures.ticks++;
      job.figures.sequences += parts.length;
      if (!job.isEnded) job.runs = job.runs.flatMap((run) => (served.has(run) ? run.settle() : [run]));
      if (!job.outbox.isEmpty) this.#readable.add(job);
      if (!job.outbox.isEmpty || job.isEnded) job.wake();
    }
    this.#endFlying(parts);
    this.#dropEnded();
  }

  /**
   * A batch could not be computed. If blocks are missing, since the host has no more memory or somebody uses the decoder
   * beside the scheduler, whoever has room and the lowest priority waits; otherwise nobody knows which job is to blame.
   */
  #fail(parts: readonly Part[], error: unknown): void {
    const isFull = error instanceof GptEdgeError && error.code === 'memory_limit_exceeded';
    const holders = this.#order().filter(({ sequence }) => sequence);
    if (isFull && holders.length > 1) holders.at(-1)!.preempt();
    else for (const { run } of parts) this.#end(run.job, error);
    this.#endFlying(parts);
  }

  /** Gives a tick up that has not ended: nobody knows what its sequences hold. */
  #land(): void {
    const parts = this.#flight?.parts ?? [];
    this.#flight = null;
    for (const { run } of parts) run.preempt();
    this.#endFlying(parts);
  }

  /** Runs of jobs that have ended keep their sequences while a batch uses them. */
  #endFlying(parts: readonly Part[]): void {
    for (const { run } of parts) if (run.job.isEnded) run.end();
  }

  get #flyingRuns(): ReadonlySet<Run> {
    return new Set(this.#flight?.parts.map(({ run }) => run));
  }

  #end(job: Job<Run>, reason: unknown): void {
    job.fail(reason, this.#flyingRuns);
    this.#readable.delete(job);
    this.#dropEnded();
  }

  #dropEnded(): void {
    this.#jobs.filter(({ isEnded }) => isEnded).reduce(addTotals, this.#ended);
    this.#jobs = this.#jobs.filter(({ isEnded }) => !isEnded);
  }

  #order() {
    return priorityOrder(this.#jobs);
  }

  /** Shares the room, and admits the jobs that got some for the first time. What waits for more than there can be fails. */
  #share(): void {
    for (const { job } of this.#order().filter((run) => !this.#room.couldHold(run)))
      this.#end(job, new GptEdgeError('memory_limit_exceeded', NO_MEMORY, { retryAfterSeconds: 1 }));
    this.#room.share(this.#order());
    for (const job of this.#jobs) if (!job.isAdmitted && job.runs.some(({ sequence }) => sequence)) job.admit();
  }

  /** Lets the oldest job that gives way do so no more, if it has done so for too long. */
  #promote(): void {
    if (this.#promoted && !this.#promoted.isEnded) return;
    const oldest = this.#jobs.find(({ isOffline }) => isOffline);
    if (oldest === undefined || steadyNow() - oldest.served < OFFLINE_PATIENCE_MS) return;
    oldest.isOffline = false;
    this.#promoted = oldest;
  }

  /** Refuses those that have waited for too long. */
  #refuseLate(): void {
    const now = steadyNow();
    for (const job of this.#jobs)
      if (!job.isAdmitted && now - job.submitted > this.#queueMilliseconds)
        this.#end(job, this.#overloaded(`the request has waited for ${this.#queueMilliseconds / 1000} seconds`));
  }

  #overloaded(why: string): GptEdgeError {
    const seconds = this.#secondsLeft();
    return new GptEdgeError('overloaded', `There is no room for another request now: ${why}. Try again in ${seconds} s.`, {
      retryAfterSeconds: seconds,
    });
  }

  /** An estimate of the seconds until all that has been taken on is computed, if nothing of it ends early. */
  #secondsLeft(): number {
    const work = this.#order().reduce((sum, run) => {
      const computed = run.sequence?.length ?? 0;
      return sum + this.#work.feed(computed, run.mostTokens - computed);
    }, 0);
    const seconds = (work / this.#decoder.multiplyAddsPerTurn) * SECONDS_PER_TURN;
    return Math.ceil(Math.min(MOST_RETRY_SECONDS, Math.max(1, seconds)));
  }
}

function addTotals(totals: SchedulerTotals, { isAdmitted, promptTokens, figures }: Job<Run>): SchedulerTotals {
  if (isAdmitted) {
    totals.promptTokens += promptTokens;
    totals.cachedTokens += figures.cachedTokens;
  }
  return totals;
}
