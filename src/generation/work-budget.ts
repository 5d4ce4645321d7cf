import { steadyNow } from '../core/steady-clock.ts';
import { visitEventLoop } from '../core/visit-event-loop.ts';
import type { CpuAllowance } from './cpu-allowance.ts';
import { WorkRate } from './work-rate.ts';

/** A request that waits for its turn. */
interface Waiter {
  /** How often it has looked whether it is its turn. */
  looks: number;
  /** Who was first when it looked last, how often that one had looked, and in how many looks that has not changed. */
  first: Waiter | null;
  firstLooks: number;
  unchanged: number;
}

/**
 * The first waiter was cancelled if another has looked so often since it looked last: its code does not go on to say so.
 * Time does not tell, because the timers of many waiters may be late.
 */
const MISSED_LOOKS = 50;

/**
 * Work that all requests of an isolate have done. They share one event loop, so what one of them computes is what the
 * others wait for. Therefore they also share turns: between two visits to the event loop, all together do one turn of
 * work, and whoever has waited longest has the next.
 */
export class IsolateWork {
  /** A module's state is the isolate's. */
  static readonly own = new IsolateWork();
  /** In turns, since the last visit to the event loop. */
  sinceVisit = 0;
  /** In turns, since the isolate began. */
  total = 0;
  /** The requests that wait, the one that has waited longest first. */
  readonly #waiting: Waiter[] = [];
  /** The visit for which the requests of each object wait together. */
  readonly #visits = new WeakMap<object, Promise<void>>();
  /** The visit after which somebody had a turn last. Of those that wait for it together, only one has. */
  #granted: Promise<void> | undefined;
  /** When the last visit ended, and with which model all work since then was done, if with one. */
  #visited: number | undefined;
  #rate: WorkRate | 'several' | undefined;

  /**
   * Waits for the event loop, and for those that wait already, if more than `most` turns were done since the last visit.
   * @param turns are done afterwards, and counted at once, so that nobody else takes their place
   * @param rate of the model with which they are done
   * @param isOver whether there is nothing left to wait for
   * @param place the Durable Object of the request, if there is one
   */
  async take(most: number, turns: number, rate: WorkRate, isOver: () => boolean, place?: object): Promise<void> {
    if (this.sinceVisit > most) await this.#wait(most, isOver, place);
    this.count(turns, rate);
  }

  count(turns: number, rate: WorkRate): void {
    if (turns === 0) return;
    this.sinceVisit += turns;
    this.total += turns;
    this.#rate = this.#rate === undefined || this.#rate === rate ? rate : 'several';
  }

  /** Begins another turn, and measures how long the last one took. */
  #begin(): void {
    const now = steadyNow();
    if (this.#rate instanceof WorkRate && this.#visited !== undefined) this.#rate.record(this.sinceVisit, now - this.#visited);
    this.#rate = undefined;
    this.#visited = now;
    this.sinceVisit = 0;
  }

  async #wait(most: number, isOver: () => boolean, place: object | undefined): Promise<void> {
    const waiter: Waiter = { looks: 0, first: null, firstLooks: 0, unchanged: 0 };
    this.#waiting.push(waiter);
    let isNext = false;
    let visit: Promise<void> | undefined;
    while (!isNext && !isOver()) {
      const before = this.total;
      visit = place ? this.#visitWithOthers(place) : visitEventLoop();
      await visit;
      isNext = this.#isFirst(waiter) && this.#granted !== visit;
      if (this.total === before && this.#granted !== visit) this.#begin();
      isNext &&= this.sinceVisit <= most;
    }
    if (isNext) this.#granted = visit;
    this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
  }

  /** Requests of one object share a timer: workerd runs the timers of an object one after another, milliseconds apart. */
  #visitWithOthers(place: object): Promise<void> {
    const pending = this.#visits.get(place);
    if (pending) return pending;
    const visit = visitEventLoop().finally(() => this.#visits.delete(place));
    this.#visits.set(place, visit);
    return visit;
  }

  #isFirst(waiter: Waiter): boolean {
    waiter.looks++;
    // One that was taken for a cancelled one waits anew.
    if (!this.#waiting.includes(waiter)) this.#waiting.push(waiter);
    const [first] = this.#waiting;
    const isUnchanged = first !== waiter && first === waiter.first && first.looks === waiter.firstLooks;
    Object.assign(waiter, { first, firstLooks: first.looks, unchanged: isUnchanged ? waiter.unchanged + 1 : 0 });
    if (waiter.unchanged >= MISSED_LOOKS) this.#waiting.shift();
    return this.#waiting[0] === waiter;
  }
}

/** In which time a request's work is counted. */
export interface CpuTime {
  /** How long the model's work takes. */
  readonly rate: WorkRate;
  /** How much of that there may be; as much as is wanted if undefined. */
  readonly allowance?: CpuAllowance;
  /** Whether work waits for the allowance to be renewed, if that is possible. @default true */
  readonly waits?: boolean;
}

/**
 * Shares the isolate: counts all the work of one request, whatever it consists of, and lets other requests and aborts
 * have their turn when the budget of one turn is spent. There is one for each request, so that many small pieces of
 * work (prompts, choices) add up.
 */
export class WorkBudget {
  readonly #multiplyAddsPerTurn: number;
  #isAbandoned = false;
  readonly #ends = new Set<() => void>();
  readonly #ended = new AbortController();
  readonly #untilEnded = new Promise<void>((resolve) => this.#ended.signal.addEventListener('abort', () => resolve()));
  readonly #isolate: IsolateWork;
  readonly #begun: number;
  /**
   * The Durable Object that serves the request, which may share its isolate with others. In workerd, what awaits a promise
   * that another object resolves goes on in that object's context, where it can do nothing for its own request; so
   * whoever waits here waits by timers of its own object.
   */
  place: object | undefined;
  /** Whether nobody waits for the request, so that it gives way to those for which somebody does. */
  isOffline = false;
  readonly #cpu: CpuTime;
  readonly #milestones: { turns: number; reach: () => Promise<void> }[] = [];

  /**
   * @param multiplyAddsPerTurn the work between two visits to the event loop, and so the longest that another request
   *   or an abort waits. Work is counted, not timed, because a Worker's clock stands still while it computes. The
   *   amount must not be small, because workerd's shortest timer takes a millisecond
   * @param signal aborts the generation
   * @param isolate where the work of all requests is counted
   * @param cpu how long the work takes, and how long it may take
   */
  constructor(multiplyAddsPerTurn: number, signal?: AbortSignal, isolate = IsolateWork.own, cpu: CpuTime = { rate: new WorkRate() }) {
    this.#cpu = cpu;
    this.#multiplyAddsPerTurn = multiplyAddsPerTurn;
    if (signal?.aborted) this.abort(signal.reason);
    signal?.addEventListener('abort', () => this.abort(signal.reason));
    this.#isolate = isolate;
    this.#begun = isolate.total;
  }

  /**
   * Must be awaited before the work is done.
   * @throws the signal's reason once it is aborted
   */
  spend(multiplyAdds: number): Promise<void> {
    return this.spendTurns(multiplyAdds / this.#multiplyAddsPerTurn);
  }

  /**
   * As `spend`, for work that is not multiply-adds: in parts of a turn, which takes some 40 to 100 ms.
   * @throws the signal's reason once it is aborted
   */
  async spendTurns(turns: number): Promise<void> {
    await this.#take(1 - turns, turns, () => false);
  }

  /**
   * Lets others have their turn if more than `most` turns of work were done since they had one last, waits for CPU time
   * if that is spent and more can come, and looks whether the request goes on.
   * @param isReady ends the wait, because no work is to be done any more
   * @throws the signal's reason once it is aborted
   */
  async takeTurn(most: number, isReady = () => false): Promise<void> {
    await this.#take(most, 0, isReady);
  }

  async #take(most: number, turns: number, isReady: () => boolean): Promise<void> {
    const isOver = () => isReady() || this.#ended.signal.aborted;
    if (this.#cpu.allowance && this.#waits) await this.#waitFor(this.#cpu.allowance, isOver);
    await this.#isolate.take(Math.max(0, most), turns, this.#cpu.rate, isOver, this.place);
    this.#spend(turns);
    await this.#reachMilestones(this.#isolate.total - turns);
    this.#ended.signal.throwIfAborted();
    if (this.#isAbandoned) throw new Error('the engine object of this request was reset');
  }

  /** Counts multiply-adds that are done at once, after `takeTurn`. */
  count(multiplyAdds: number): void {
    this.countTurns(multiplyAdds / this.#multiplyAddsPerTurn);
  }

  countTurns(turns: number): void {
    this.#isolate.count(turns, this.#cpu.rate);
    this.#spend(turns);
  }

  /** Counts CPU time of work that is done whether others wait or not, such as loading a model. */
  countMilliseconds(milliseconds: number): void {
    this.#cpu.allowance?.spend(milliseconds);
  }

  /** Whether all the CPU time that there will ever be is spent. */
  get isSpent(): boolean {
    const { allowance } = this.#cpu;
    return allowance?.isRenewable === false && allowance.isSpent;
  }

  /** The multiply-adds for which there is CPU time now. */
  get multiplyAddsLeft(): number {
    const { allowance, rate } = this.#cpu;
    if (allowance === undefined || !this.#waits) return Number.POSITIVE_INFINITY;
    return (allowance.left / rate.millisecondsPerTurn) * this.#multiplyAddsPerTurn;
  }

  /** Milliseconds of CPU time that are left; undefined if there is no limit. */
  get millisecondsLeft(): number | undefined {
    return this.#cpu.allowance?.left;
  }

  /**
   * Calls `reach` once this request has taken so many turns, or has waited while others took them. Work goes on after
   * the promise that it returns.
   */
  afterTurns(turns: number, reach: () => Promise<void>): void {
    this.#milestones.push({ turns, reach });
  }

  /** Whether its code does not go on: what it has begun will never end. */
  get isAbandoned(): boolean {
    return this.#isAbandoned;
  }

  /**
   * Ends the work of a request whose code does not go on, because the engine object in which it ran was reset. Nothing
   * that it awaits may be settled any more: workerd refuses to touch what belongs to an object that is gone.
   */
  abandon(): void {
    this.#isAbandoned = true;
    for (const end of this.#ends) end();
  }

  /** Calls `end` if the request is abandoned. */
  onAbandoned(end: () => void): void {
    this.#ends.add(end);
  }

  /** Turns that all requests of the isolate have taken so far, as a measure of time. */
  get turns(): number {
    return this.#isolate.total;
  }

  /** Aborted when the request is to end, with the reason. */
  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  /** Ends the work as the client's signal does. @param reason what it ends with. By default, nobody wants it any more */
  abort(reason?: unknown): void {
    this.#ended.abort(reason);
  }

  get #waits(): boolean {
    return this.#cpu.waits ?? true;
  }

  #spend(turns: number): void {
    this.countMilliseconds(turns * this.#cpu.rate.millisecondsPerTurn);
  }

  async #waitFor(allowance: CpuAllowance, isOver: () => boolean): Promise<void> {
    while (allowance.isRenewable && allowance.isSpent && !isOver()) await Promise.race([allowance.untilRenewed, this.#untilEnded]);
  }

  /** @param total what the isolate has done so far */
  async #reachMilestones(total: number): Promise<void> {
    const [next] = this.#milestones;
    if (next === undefined || total - this.#begun < next.turns) return;
    this.#milestones.shift();
    await next.reach();
  }
}
