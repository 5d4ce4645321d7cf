/**
 * One load per key and isolate, however many ask for it at once. What was loaded stays; a failure goes to all who wait
 * for it and is forgotten, so that the next one tries again.
 */
export class LoadOnce<T> {
  readonly #loads = new Map<string, Promise<T>>();
  readonly #keepAlive: (load: Promise<unknown>) => void;

  /**
   * @param keepAlive given each load; in a Worker `waitUntil`, because the request that began a load may be cancelled
   *   while others wait for it
   */
  constructor(keepAlive: (load: Promise<unknown>) => void) {
    this.#keepAlive = keepAlive;
  }

  get(key: string, load: () => Promise<T>): Promise<T> {
    const known = this.#loads.get(key);
    if (known) return known;
    const started = load();
    this.#loads.set(key, started);
    this.#keepAlive(started.catch(() => this.#loads.delete(key)));
    return started;
  }
}
