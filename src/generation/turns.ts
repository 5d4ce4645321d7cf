/**
 * Multiply-adds between two looks at the event loop: some 40 ms on one core, and so the longest that another request or an
 * abort waits. Counted, not timed, because a Worker's clock stands still while it computes. Not less, because workerd's
 * shortest timer takes a millisecond.
 */
export const MULTIPLY_ADDS_PER_TURN = 125e6;

/** Shares the isolate: counts a generation's work, and lets other requests and aborts have their turn now and then. */
export class Turns {
  readonly #signal: AbortSignal | undefined;
  #spent = 0;

  constructor(signal?: AbortSignal) {
    this.#signal = signal;
  }

  /**
   * To be awaited before work is done.
   * @throws the signal's reason once it is aborted
   */
  async spend(multiplyAdds: number): Promise<void> {
    this.#spent += multiplyAdds;
    if (this.#spent > MULTIPLY_ADDS_PER_TURN) {
      this.#spent = multiplyAdds;
      await new Promise<void>((resolve) => setTimeout(resolve, 0));
    }
    this.#signal?.throwIfAborted();
  }
}
