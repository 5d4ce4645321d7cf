/** The CPU time of a request in an engine object, and of one in a Worker on the paid plan, as Cloudflare documents it. */
export const DEFAULT_CPU_BUDGET_MS = 30_000;
/** The most CPU time that a deployment on the paid plan can be given, with `limits.cpu_ms`. */
export const MAX_CPU_BUDGET_MS = 300_000;

/**
 * The part of the platform's limit that is used. What is counted is an estimate, and what a tick has begun is computed to
 * its end.
 */
const USED_PART = 0.75;

/**
 * CPU time that may be used before the platform would end the code. It is counted as work, since a Worker's clock stands
 * still while it computes. In an engine object each incoming request renews it; in a Worker nothing does.
 */
export class CpuAllowance {
  /** Whether more may come, so that it is worth waiting when all is spent. */
  readonly isRenewable: boolean;
  readonly #milliseconds: number;
  #left: number;
  readonly #watchers = new Set<() => void>();
  #renewed = Promise.withResolvers<void>();

  /** @param limitMilliseconds what the platform allows */
  constructor(limitMilliseconds: number, options: { isRenewable: boolean }) {
    this.isRenewable = options.isRenewable;
    this.#milliseconds = limitMilliseconds * USED_PART;
    this.#left = this.#milliseconds;
  }

  /** Milliseconds that may still be used; 0 if too much was. */
  get left(): number {
    return Math.max(0, this.#left);
  }

  get isSpent(): boolean {
    return this.#left <= 0;
  }

  /** Counts what is about to be used. */
  spend(milliseconds: number): void {
    const wasSpent = this.isSpent;
    this.#left -= milliseconds;
    if (this.isSpent && !wasSpent) for (const watcher of this.#watchers) watcher();
  }

  /** The platform has begun to count anew. */
  renew(): void {
    if (this.isSpent) {
      this.#renewed.resolve();
      this.#renewed = Promise.withResolvers();
    }
    this.#left = this.#milliseconds;
  }

  /** Calls back each time when all is spent, and at once if it is. @returns a function that ends that */
  watch(onSpent: () => void): () => void {
    this.#watchers.add(onSpent);
    if (this.isSpent) onSpent();
    return () => this.#watchers.delete(onSpent);
  }

  /** Resolves when it is renewed after it was spent. */
  get untilRenewed(): Promise<void> {
    return this.#renewed.promise;
  }
}
