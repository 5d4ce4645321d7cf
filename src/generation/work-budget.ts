/** Shares the isolate: counts a generation's work, and lets other requests and aborts have their turn now and then. */
export class Turns {
  readonly #multiplyAddsPerTurn: number;
  readonly #signal: AbortSignal | undefined;
  #spent = 0;

  /**
   * @param multiplyAddsPerTurn between two looks at the event loop, and so the longest that another request or an abort waits. Counted,
   *   not timed, because a Worker's clock stands still while it computes; and not few, because workerd's shortest timer takes a millisecond
   */
  constructor(multiplyAddsPerTurn: number, signal?: AbortSignal) {
    this.#multiplyAddsPerTurn = multiplyAddsPerTurn;
    this.#signal = signal;
  }

  /**
   * To be awaited before work is done.
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
