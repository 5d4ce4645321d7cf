import { visitEventLoop } from '../core/visit-event-loop.ts';

/** A request that waits for its turn. */
interface Waiter {
  /** When it looked last, in milliseconds. */
  seen: number;
}

/** A waiter that has not looked for so long was cancelled: its code does not go on to say so. */
const CANCELLED_MS = 100;

/**
 * Work that all requests of an isolate have done. They share one event loop, so what one of them computes is what the
 * others wait for. Therefore they also share turns: between two visits to the event loop, all together do one turn of
 * work, and whoever has waited longest has the next.
 */
export class IsolateWork {
  /** In turns, since the last visit to the event loop. */
  sinceVisit = 0;
  /** In turns, since the isolate began. */
  total = 0;
  /** The requests that wait, the one that has waited longest first. */
  readonly #waiting: Waiter[] = [];

  /**
   * Waits for the event loop, and for those that wait already, if more than `most` turns were done since the last visit.
   * @param turns are done afterwards, and counted at once, so that nobody else takes their place
   * @param isOver whether there is nothing left to wait for
   */
  async take(most: number, turns: number, isOver: () => boolean): Promise<void> {
    if (this.sinceVisit > most) await this.#wait(most, isOver);
    this.count(turns);
  }

  count(turns: number): void {
    this.sinceVisit += turns;
    this.total += turns;
  }

  async #wait(most: number, isOver: () => boolean): Promise<void> {
    const waiter = { seen: Date.now() };
    this.#waiting.push(waiter);
    let isNext = false;
    while (!isNext && !isOver()) {
      const before = this.total;
      await visitEventLoop();
      isNext = this.#isFirst(waiter);
      if (isNext && this.total === before) this.sinceVisit = 0;
      isNext &&= this.sinceVisit <= most;
    }
    this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
  }

  #isFirst(waiter: Waiter): boolean {
    waiter.seen = Date.now();
    // One that was late, and so taken for a cancelled one, waits anew.
    if (!this.#waiting.includes(waiter)) this.#waiting.push(waiter);
    while (waiter.seen - this.#waiting[0].seen > CANCELLED_MS) this.#waiting.shift();
    return this.#waiting[0] === waiter;
  }
}

/** A module's state is the isolate's. */
const ISOLATE = new IsolateWork();

/**
 * Shares the isolate: counts all the work of one request, whatever it consists of, and lets other requests and aborts
 * have their turn when the budget of one turn is spent. There is one for each request, so that many small pieces of
 * work (prompts, choices) add up.
 */
export class WorkBudget {
  readonly #multiplyAddsPerTurn: number;
  readonly #ended = new AbortController();
  readonly #isolate: IsolateWork;
  readonly #begun: number;
  /**
   * Whether the request is served by a Durable Object that may share its isolate with others. In workerd, what awaits a
   * promise that another object resolves goes on in that object's context, where it can do nothing for its own request;
   * so whoever waits here waits by timers of its own.
   */
  isInObject = false;
  readonly #milestones: { turns: number; reach: () => Promise<void> }[] = [];

  /**
   * @param multiplyAddsPerTurn the work between two visits to the event loop, and so the longest that another request
   *   or an abort waits. Work is counted, not timed, because a Worker's clock stands still while it computes. The
   *   amount must not be small, because workerd's shortest timer takes a millisecond
   * @param signal aborts the generation
   * @param isolate where the work of all requests is counted
   */
  constructor(multiplyAddsPerTurn: number, signal?: AbortSignal, isolate = ISOLATE) {
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
   * Lets others have their turn if more than `most` turns of work were done since they had one last, and looks whether
   * the request goes on.
   * @param isReady ends the wait, because no work is to be done any more
   * @throws the signal's reason once it is aborted
   */
  async takeTurn(most: number, isReady = () => false): Promise<void> {
    await this.#take(most, 0, isReady);
  }

  async #take(most: number, turns: number, isReady: () => boolean): Promise<void> {
    await this.#isolate.take(Math.max(0, most), turns, () => isReady() || this.#ended.signal.aborted);
    await this.#reachMilestones(this.#isolate.total - turns);
    this.#ended.signal.throwIfAborted();
  }

  /** Counts multiply-adds that are done at once, after `takeTurn`. */
  count(multiplyAdds: number): void {
    this.countTurns(multiplyAdds / this.#multiplyAddsPerTurn);
  }

  countTurns(turns: number): void {
    this.#isolate.count(turns);
  }

  /**
   * Calls `reach` once this request has taken so many turns, or has waited while others took them. Work goes on after
   * the promise that it returns.
   */
  afterTurns(turns: number, reach: () => Promise<void>): void {
    this.#milestones.push({ turns, reach });
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

  /** @param total what the isolate has done so far */
  async #reachMilestones(total: number): Promise<void> {
    const [next] = this.#milestones;
    if (next === undefined || total - this.#begun < next.turns) return;
    this.#milestones.shift();
    await next.reach();
  }
}
