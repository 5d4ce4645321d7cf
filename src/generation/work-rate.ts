/** Milliseconds of a turn that was never measured: the most that `Decoder.multiplyAddsPerTurn` promises. */
const UNMEASURED = 100;
/** Measurements that count, the newest ones. */
const KEPT = 16;
/** Less work than this part of a turn says little, since the clock has whole milliseconds. */
const LEAST_TURNS = 0.25;
/** What passing through the event loop takes by itself, in milliseconds: workerd's shortest timer. */
const VISIT_MS = 1.1;

/**
 * How long a model's work takes on this machine. The clock of a Worker moves only when it waits for something, so the
 * time between two visits to the event loop is compared with the work in between.
 */
export class WorkRate {
  readonly #measured: number[] = [];
  #millisecondsPerTurn: number;

  /** @param millisecondsPerTurn what was measured earlier, in another isolate */
  constructor(millisecondsPerTurn = UNMEASURED) {
    this.#millisecondsPerTurn = millisecondsPerTurn;
  }

  get millisecondsPerTurn(): number {
    return this.#millisecondsPerTurn;
  }

  /** Goes on from what was measured earlier, unless something was measured here already. */
  recall(millisecondsPerTurn: number): void {
    if (this.#measured.length === 0) this.#millisecondsPerTurn = millisecondsPerTurn;
  }

  /** Whether the rate was measured in this isolate. */
  get isMeasured(): boolean {
    return this.#measured.length > 0;
  }

  /**
   * Takes note of how long some work took. Waiting, for other programs too, can only make that longer, and so the
   * quickest of what was measured last counts.
   */
  record(turns: number, milliseconds: number): void {
    if (turns < LEAST_TURNS || milliseconds <= VISIT_MS) return;
    this.#measured.push((milliseconds - VISIT_MS) / turns);
    if (this.#measured.length > KEPT) this.#measured.shift();
    this.#millisecondsPerTurn = Math.min(...this.#measured);
  }
}
