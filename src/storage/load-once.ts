/**
 * Loads a value for each key once, however many callers ask for it at the same time. What was loaded stays. A failure
 * goes to every caller that waits, and is then forgotten, so that the next caller tries again.
 */
export class LoadOnce<T> {
  readonly #loads = new Map<string, Promise<T>>();
  readonly #keepAlive: (load: Promise<unknown>) => void;

  /**
   * @param keepAlive is given each load. In a Worker this is `waitUntil`, because the request that began a load may be
   *   cancelled while others wait for it
   */
  constructor(keepAlive: (load: Promise<unknown>) => void) {
    this.#keepAlive = keepAlive;
  }

  /** Returns what is loaded for a key, or being loaded. */
  known(key: string): Promise<T> | undefined {
    return this.#loads.get(key);
  }

  /** Drops what was loaded for a key, so that the next caller loads it again. */
  forget(key: string): void {
    this.#loads.delete(key);
  }

  /** Returns what was loaded for a key, or calls `load` if nothing has been. */
  get(key: string, load: () => Promise<T>): Promise<T> {
    const known = this.#loads.get(key);
    if (known) return known;
    const started = load();
    this.#loads.set(key, started);
    const forget = () => {
      if (this.#loads.get(key) === started) this.#loads.delete(key);
    };
    this.#keepAlive(started.catch(forget));
    return started;
  }
}
