import type { Cost, LimitName, Limits } from './limits.ts';
import { MinuteWindow, type Slot } from './minute-window.ts';

export const DAY_MS = 86_400_000;

/** An account as it is stored. */
export interface AccountState {
  slots: readonly Slot[];
  /** The day, counted from the epoch, that the sums below are of. */
  day: number;
  tokens: number;
  micros: number;
  requests: number;
}

/** Why something is refused, and when it may succeed. */
export interface Refusal {
  limit: LimitName;
  /** The limit's value. */
  most: number;
  /** Milliseconds until there is room; null if there never is, because one request asks for more than the limit. */
  waitMs: number | null;
}

/** What a request may know of a limit by the minute. */
export interface Allowance {
  limit: number;
  remaining: number;
  /** Milliseconds until all of it is there again. */
  resetMs: number;
}

/** A second or two are enough for one of several short requests to end. */
const CONCURRENT_WAIT_MS = 2000;

/**
 * What one key, client address or deployment has used: by the minute, by the day, and at this moment. It keeps the
 * counts and knows the time only as it is told.
 */
export class Account {
  readonly #window: MinuteWindow;
  #day: Omit<AccountState, 'slots'>;
  /** Requests that have not ended. */
  running = 0;

  constructor(state?: AccountState) {
    this.#window = new MinuteWindow(state?.slots);
    this.#day = state ? { day: state.day, tokens: state.tokens, micros: state.micros, requests: state.requests } : newDay(0);
  }

  get state(): AccountState {
    return { slots: this.#window.slots, ...this.#day };
  }

  /** What was used on the day of the last `turnTo`. */
  get day(): Readonly<Omit<AccountState, 'slots'>> {
    return this.#day;
  }

  /** Tells the account the time, in milliseconds since the epoch. A clock that goes back changes no day. */
  turnTo(now: number): void {
    this.#window.forget(now);
    const day = Math.floor(now / DAY_MS);
    if (day > this.#day.day) this.#day = newDay(day);
  }

  /** Whether nothing would be lost with the account. */
  get isIdle(): boolean {
    return this.running === 0 && this.#window.slots.length === 0;
  }

  /** Why one more request is refused; undefined if it is not. Nothing is counted yet. */
  refusesRequest(limits: Limits, now: number): Refusal | undefined {
    const { requestsPerMinute, concurrent } = limits;
    const spent = this.#refusesDay(limits, { tokens: 1, micros: 1 }, now);
    if (spent) return spent;
    if (concurrent !== undefined && this.running >= concurrent)
      return { limit: 'concurrent', most: concurrent, waitMs: CONCURRENT_WAIT_MS };
    if (requestsPerMinute !== undefined && this.#window.used('requests') >= requestsPerMinute)
      return {
        limit: 'requestsPerMinute',
        most: requestsPerMinute,
        waitMs: this.#window.timeUntil('requests', requestsPerMinute - 1, now),
      };
    return undefined;
  }

  /** Why so many tokens are refused; undefined if they are not. Nothing is counted yet. */
  refusesCost(limits: Limits, cost: Cost, now: number): Refusal | undefined {
    const { tokensPerMinute: most } = limits;
    const spent = this.#refusesDay(limits, cost, now);
    if (spent) return spent;
    if (most === undefined || this.#window.used('tokens') + cost.tokens <= most) return undefined;
    const waitMs = cost.tokens > most ? null : this.#window.timeUntil('tokens', most - cost.tokens, now);
    return { limit: 'tokensPerMinute', most, waitMs };
  }

  #refusesDay({ tokensPerDay, dollarsPerDay }: Limits, cost: Cost, now: number): Refusal | undefined {
    const waitMs = (Math.floor(now / DAY_MS) + 1) * DAY_MS - now;
    if (tokensPerDay !== undefined && this.#day.tokens + cost.tokens > tokensPerDay)
      return { limit: 'tokensPerDay', most: tokensPerDay, waitMs: cost.tokens > tokensPerDay ? null : waitMs };
    const micros = (dollarsPerDay ?? 0) * 1e6;
    if (dollarsPerDay !== undefined && this.#day.micros + cost.micros > micros)
      return { limit: 'dollarsPerDay', most: dollarsPerDay, waitMs: cost.micros > micros ? null : waitMs };
    return undefined;
  }

  /** @param isOffline whether it counts for the day alone */
  countRequest(now: number, isOffline = false): void {
    this.#day.requests++;
    if (isOffline) return;
    this.#window.add(secondOf(now), 'requests', 1);
    this.running++;
  }

  /**
   * Counts a cost, or the difference to one that was counted before: to the second and the day in which the request
   * came, if these still count.
   * @param isOffline whether it counts for the day alone
   */
  countCost(cost: Cost, came: number, isOffline = false): void {
    if (!isOffline) this.#window.add(secondOf(came), 'tokens', cost.tokens);
    if (Math.floor(came / DAY_MS) !== this.#day.day) return;
    this.#day.tokens = Math.max(0, this.#day.tokens + cost.tokens);
    this.#day.micros = Math.max(0, this.#day.micros + cost.micros);
  }

  /** What is left of the limits by the minute. */
  allowances({ requestsPerMinute, tokensPerMinute }: Limits, now: number): { requests?: Allowance; tokens?: Allowance } {
    return { requests: this.#allowance('requests', requestsPerMinute, now), tokens: this.#allowance('tokens', tokensPerMinute, now) };
  }

  #allowance(counted: 'requests' | 'tokens', limit: number | undefined, now: number): Allowance | undefined {
    if (limit === undefined) return undefined;
    const remaining = Math.max(0, limit - this.#window.used(counted));
    return { limit, remaining, resetMs: this.#window.timeUntil(counted, 0, now) };
  }
}

const secondOf = (now: number): number => Math.floor(now / 1000);
const newDay = (day: number) => ({ day, tokens: 0, micros: 0, requests: 0 });
