/**
 * Shares the isolate: counts a generation's work, and lets other requests and aborts have their turn when the budget
 * is spent.
 */
export class WorkBudget {
  readonly #multiplyAddsPerTurn: number;
  readonly #signal: AbortSignal | undefined;
  #spent = 0;

  /**
   * @param multiplyAddsPerTurn the work between two visits to the event loop, and so the longest that another request
   *   or an abort waits. Work is counted, not timed, because a Worker's clock stands still while it computes; and it
   *   is not little, because workerd's shortest timer takes a millisecond
   * @param signal aborts the generation
   */
  constructor(multiplyAddsPerTurn: number, signal?: AbortSignal) {
    this.#multiplyAddsPerTurn = multiplyAddsPerTurn;
    this.#signal = signal;
  }

  /**
   * Must be awaited before the work is done.
   * @throws the signal's reason once it is aborted
   */
  async spend(multiplyAdds: number): Promise<void> {
    this.#spent += multiplyAdds;
    if (this.#spent > this.#multiplyAddsPerTurn) {
      this.#spent = multiplyAdds;
      await new Promise<void>((resolve) => setTimeout(resolve, 0));
    }
    this.#signal?.throwIfAborted();
  }
}
