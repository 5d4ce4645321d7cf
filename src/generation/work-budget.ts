/**
 * Work that all requests of an isolate have done. They share one event loop, so what one of them computes is what the
 * others wait for.
 */
export class IsolateWork {
  /** In turns, since the last visit to the event loop of whoever has counted it. */
  sinceVisit = 0;
  /** In turns, since the isolate began. */
  total = 0;
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
    await this.takeTurn(1 - turns);
    this.countTurns(turns);
  }

  /**
   * Lets others have their turn if more than `most` turns of work were done since they had one last, and looks whether
   * the request goes on.
   * @throws the signal's reason once it is aborted
   */
  async takeTurn(most: number): Promise<void> {
    if (this.#isolate.sinceVisit > Math.max(0, most)) {
      await visitEventLoop();
      this.#isolate.sinceVisit = 0;
    }
    await this.#reachMilestones();
    this.#ended.signal.throwIfAborted();
  }

  /** Counts multiply-adds that are done at once, after `takeTurn`. */
  count(multiplyAdds: number): void {
    this.countTurns(multiplyAdds / this.#multiplyAddsPerTurn);
  }

  countTurns(turns: number): void {
    this.#isolate.sinceVisit += turns;
    this.#isolate.total += turns;
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

  async #reachMilestones(): Promise<void> {
    const [next] = this.#milestones;
    if (next === undefined || this.#isolate.total - this.#begun < next.turns) return;
    this.#milestones.shift();
    await next.reach();
  }
}

const visitEventLoop = () => new Promise<void>((resolve) => setTimeout(resolve, 0));
