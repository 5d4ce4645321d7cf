/** What was used in one second. */
export type Slot = [second: number, requests: number, tokens: number];

/** What is counted by the minute. */
export type Counted = 'requests' | 'tokens';

const COLUMN = { requests: 1, tokens: 2 } as const;
/**
 * Seconds for which a slot counts. Whatever was used at the end of its second counts for 60 seconds then, so there is
 * no minute, wherever it begins, in which more is used than the limit.
 */
const SECONDS = 61;

/**
 * Requests and tokens of the last minute, in slots of a second. A fixed window would let twice the limit through
 * around its end; a list of all requests would grow with the limit.
 */
export class MinuteWindow {
  #slots: Slot[];

  /** @param slots as an earlier window's `slots` */
  constructor(slots: readonly Slot[] = []) {
    this.#slots = slots.map((slot) => [...slot]);
  }

  /** The slots that count, the oldest first. */
  get slots(): readonly Slot[] {
    return this.#slots;
  }

  /**
   * Forgets what no longer counts. If the clock was set back, what was used in seconds that are still to come counts
   * from now on, and so for a minute, not until the clock has caught up.
   * @param now milliseconds since the epoch
   */
  forget(now: number): void {
    const current = Math.floor(now / 1000);
    const isAhead = ([second]: Slot) => second > current;
    const ahead = this.#slots.filter(isAhead);
    this.#slots = this.#slots.filter((slot) => !isAhead(slot) && now < (slot[0] + SECONDS) * 1000);
    for (const [, requests, tokens] of ahead) {
      this.add(current, 'requests', requests);
      this.add(current, 'tokens', tokens);
    }
  }

  /** Adds to what was used in a second; a negative amount takes back. What no longer counts is not changed. */
  add(second: number, counted: Counted, amount: number): void {
    const slot = this.#slots.find(([begun]) => begun === second);
    if (slot) slot[COLUMN[counted]] = Math.max(0, slot[COLUMN[counted]] + amount);
    else if (amount > 0) {
      const added: Slot = [second, 0, 0];
      added[COLUMN[counted]] = amount;
      this.#slots.push(added);
      this.#slots.sort(([one], [other]) => one - other);
    }
  }

  used(counted: Counted): number {
    return this.#slots.reduce((sum, slot) => sum + slot[COLUMN[counted]], 0);
  }

  /** Milliseconds until at most `most` is used, if nothing is added. */
  timeUntil(counted: Counted, most: number, now: number): number {
    let used = this.used(counted);
    let time = 0;
    for (const slot of this.#slots) {
      if (used <= most) break;
      used -= slot[COLUMN[counted]];
      time = (slot[0] + SECONDS) * 1000 - now;
    }
    return Math.max(0, time);
  }
}
