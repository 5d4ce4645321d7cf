import { GptEdgeError } from '../core/errors.ts';
import { isolateBytes, type MemoryPlan, upToTenths } from '../core/memory-plan.ts';
import { steadyNow } from '../core/steady-clock.ts';
import { DEFAULT_QUEUE_SECONDS } from '../generation/scheduler/scheduler.ts';

/** Milliseconds after which a request that waits looks again. */
const LOOK_MS = 50;
/** Seconds after which a request that was refused may be tried again. Nobody knows how long the others will take. */
const RETRY_SECONDS = 5;
/** Milliseconds that a model waits before those that hold its room give way. */
const PATIENCE_MS = 1000;
/** Milliseconds after which a model does not wait any more for which no request looks. */
const LOST_MS = 10 * LOOK_MS;

export interface IsolateMemoryOptions {
  /** Bytes that the isolate may hold. */
  readonly limitBytes: number;
  /** How many models may come to share it. */
  readonly modelCount: number;
  /** Seconds that a request may wait for room. @default 30 */
  readonly queueSeconds?: number;
  /** Drops all references to a model, so that the next garbage collection frees it. */
  readonly unload: (id: string) => void;
  /**
   * Changes how many bytes a model may hold, as `KvCache.addRoom` does.
   * @returns undefined if it is not loaded yet. @default models keep what they have taken
   */
  readonly addRoom?: (id: string, bytes: number) => number | undefined;
}

/**
 * The memory of an isolate, which its models share. A model takes what its plan says, and a share of what is left, for
 * the KV caches of requests that come at the same time. Where another needs the room, models that no request uses are
 * unloaded, the one that was used least recently first.
 */
export class IsolateMemory {
  readonly #options: IsolateMemoryOptions;
  /** What each model has taken. */
  readonly #taken = new Map<string, MemoryPlan>();
  /** The plans of all models that were ever asked for. */
  readonly #plans = new Map<string, MemoryPlan>();
  /** How many requests use a model, or wait for it; the one that was used least recently comes first. */
  readonly #users = new Map<string, number>();
  /** The models that wait for room: since when, and when a request for one looked last, in milliseconds. */
  readonly #waiting = new Map<string, { readonly since: number; readonly seen: number }>();
  /** Models that are unloaded as soon as no request uses them, and those that have taken their place. */
  readonly #superseded = new Map<string, string>();
  /** Models that are being loaded, and may hold more than when that began. */
  readonly #mayGrow = new Set<string>();
  /** The most that all models on onnxruntime-web have held at a time. */
  #retainedBytes = 0;
  /** Ends the use of requests that were dropped: the code of a cancelled request does not go on to say so. */
  readonly #dropped = new FinalizationRegistry<() => void>((end) => end());

  constructor(options: IsolateMemoryOptions) {
    this.#options = options;
  }

  /**
   * Lets a model have its room that has waited for some time, before another request uses one of those that hold it.
   * Otherwise whoever is asked for all the time would never be unloaded.
   * @throws GptEdgeError `overloaded` if that takes too long
   */
  async giveWay(id: string): Promise<void> {
    const deadline = steadyNow() + this.#queueMilliseconds;
    for (let other = this.#firstWaiting(id); other !== undefined; other = this.#firstWaiting(id)) {
      if (steadyNow() >= deadline)
        throw new GptEdgeError('overloaded', `${id} gives its room to ${other}, which has waited for it. Try again later.`, {
          param: 'model',
          retryAfterSeconds: RETRY_SECONDS,
        });
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  /** Another model that waits for what this one holds, and has waited long enough. */
  #firstWaiting(id: string): string | undefined {
    if (!this.#taken.has(id)) return undefined;
    return [...this.#waiting.keys()].find((other) => other !== id && steadyNow() - (this.#waitsSince(other) ?? steadyNow()) > PATIENCE_MS);
  }

  /** A request that was cancelled does not look any more, and does not say so. */
  #waitsSince(id: string): number | undefined {
    const waiting = this.#waiting.get(id);
    return waiting && steadyNow() - waiting.seen < LOST_MS ? waiting.since : undefined;
  }

  get #queueMilliseconds(): number {
    return 1000 * (this.#options.queueSeconds ?? DEFAULT_QUEUE_SECONDS);
  }

  /** Counts a request among those that use a model. It is not unloaded before `until` settles. */
  use(id: string, until: Promise<unknown>): void {
    this.#count(id, 1);
    let isOver = false;
    const end = () => {
      if (!isOver) this.#count(id, -1);
      isOver = true;
    };
    until.then(end, end);
    this.#dropped.register(until, end);
  }

  /**
   * Unloads a model as soon as no request uses it, since `successor` has taken its place. Until then it holds no more
   * than it does now, so that the successor may find room beside it; what it leaves is the successor's.
   */
  supersede(id: string, successor: string): void {
    this.#superseded.delete(successor);
    this.#superseded.set(id, successor);
    this.#addRoom(id, Number.NEGATIVE_INFINITY);
    this.#count(id, 0);
  }

  /** Says that a model which has taken room is loaded. */
  loaded(id: string): void {
    if (this.#superseded.has(id)) this.#addRoom(id, Number.NEGATIVE_INFINITY);
    else if (this.#mayGrow.delete(id)) this.#grow(id);
  }

  /** Lets a model hold as much as if it took its room now. */
  #grow(id: string): void {
    const taken = this.#taken.get(id);
    const plan = this.#plans.get(id);
    if (taken === undefined || plan === undefined) return;
    this.#taken.delete(id);
    const bytes = plan.totalBytes + this.#shareFor(id, plan) - taken.totalBytes;
    this.#taken.set(id, taken);
    if (bytes > 0 && !this.#addRoom(id, bytes)) this.#mayGrow.add(id);
  }

  /** @returns whether the model is loaded */
  #addRoom(id: string, bytes: number): boolean {
    const taken = this.#taken.get(id);
    const added = taken && this.#options.addRoom?.(id, bytes);
    if (taken && added !== undefined) this.#taken.set(id, { ...taken, totalBytes: taken.totalBytes + added });
    return added !== undefined;
  }

  #count(id: string, change: number): void {
    const users = (this.#users.get(id) ?? 0) + change;
    this.#users.delete(id);
    const successor = this.#superseded.get(id);
    if (users > 0 || successor === undefined) {
      this.#users.set(id, users);
      return;
    }
    this.#superseded.delete(id);
    this.#plans.delete(id);
    this.#drop(id);
    this.#grow(this.#heirOf(successor));
  }

  /** The model that has taken a model's place in the end. */
  #heirOf(id: string): string {
    const successor = this.#superseded.get(id);
    return successor === undefined ? id : this.#heirOf(successor);
  }

  #drop(id: string): void {
    if (this.#taken.delete(id)) this.#options.unload(id);
  }

  /**
   * Takes room for a model, unless it has some. If others hold the room, they are unloaded; if requests use them, it
   * waits.
   * @param plan of a model that would fit alone
   * @throws GptEdgeError `overloaded` if it has waited for too long
   */
  async take(id: string, plan: MemoryPlan): Promise<void> {
    const deadline = steadyNow() + this.#queueMilliseconds;
    while (!this.#taken.has(id) && !this.#tryTake(id, plan)) {
      const now = steadyNow();
      if (now >= deadline) throw this.#overloaded(id, plan);
      this.#waiting.set(id, { since: this.#waitsSince(id) ?? now, seen: now });
      await new Promise((resolve) => setTimeout(resolve, Math.min(LOOK_MS, deadline - now)));
    }
    this.#waiting.delete(id);
  }

  /** Whether no model has taken anything. */
  get isEmpty(): boolean {
    return this.#taken.size === 0;
  }

  /** Bytes that a model may hold: its plan, and its share of what was left when it took them. */
  allowance(id: string): number {
    return this.#taken.get(id)?.totalBytes ?? 0;
  }

  /** Gives back what a model has taken. */
  free(id: string): void {
    this.#taken.delete(id);
  }

  #tryTake(id: string, plan: MemoryPlan): boolean {
    const victims = this.#victimsFor(plan);
    if (victims === null) return false;
    for (const victim of victims) this.#drop(victim);
    const share = this.#shareFor(id, plan);
    const retainedBytes = plan.retainedBytes > 0 ? plan.retainedBytes + share : 0;
    this.#taken.set(id, { ...plan, totalBytes: plan.totalBytes + share, retainedBytes });
    const retained = [...this.#taken.values()].reduce((sum, other) => sum + other.retainedBytes, 0);
    this.#retainedBytes = Math.max(this.#retainedBytes, retained);
    return true;
  }

  /**
   * Bytes beyond its plan that a model gets. Memory never shrinks, so all models that were asked for, and that fit
   * together, should find room beside it, the ones that were used last first; those that nobody has asked for yet get as
   * much as this one.
   */
  #shareFor(id: string, plan: MemoryPlan): number {
    const { limitBytes, modelCount } = this.#options;
    this.#plans.set(id, plan);
    const together = [plan];
    for (const other of [...this.#users.keys()].reverse()) {
      const known = other === id || this.#superseded.has(other) ? undefined : this.#plans.get(other);
      if (known && this.#bytesOf([...together, known]) <= limitBytes) together.push(known);
    }
    const known = [...this.#plans.keys()].filter((other) => !this.#superseded.has(other));
    const unknown = Math.max(0, modelCount - known.length);
    const share = (limitBytes - this.#bytesOf(together)) / (together.length + unknown);
    return Math.max(0, Math.floor(Math.min(share, limitBytes - this.#bytesWith(plan))));
  }

  /** The models that have to be unloaded so that another fits: null if that is not possible. */
  #victimsFor(plan: MemoryPlan): string[] | null {
    const victims: string[] = [];
    const idle = [...this.#users].filter(([id, users]) => users === 0 && this.#taken.has(id)).map(([id]) => id);
    while (this.#bytesWith(plan, victims) > this.#options.limitBytes) {
      const next = idle.shift();
      if (next === undefined) return null;
      victims.push(next);
    }
    return victims;
  }

  /** Bytes of the isolate with another model, and without some of those that it has. */
  #bytesWith(plan: MemoryPlan, without: readonly string[] = []): number {
    const others = [...this.#taken].filter(([id]) => !without.includes(id)).map(([, taken]) => taken);
    return this.#bytesOf([...others, plan]);
  }

  #bytesOf(plans: readonly MemoryPlan[]): number {
    return isolateBytes(plans, this.#retainedBytes);
  }

  #overloaded(id: string, plan: MemoryPlan): GptEdgeError {
    const holders = [...this.#taken.keys()].join(' and ');
    return new GptEdgeError(
      'overloaded',
      `${id} needs ${upToTenths(plan.totalBytes)}, and of the ${this.#options.limitBytes / 1e6} MB of this isolate ${holders} hold too much while they answer requests. Try again when those have ended.`,
      { param: 'model', retryAfterSeconds: RETRY_SECONDS },
    );
  }
}
