/** Milliseconds after which a load says that it is alive, and whoever waits for it looks. */
const LOOK_MS = 20;
/**
 * Looks in a row that find a load without a sign of life, after which it is given up. All timers of an isolate run on
 * one event loop: work that holds it up delays the looks as well.
 */
const MISSED_LOOKS = 50;

type Outcome<T> = { readonly value: T } | { readonly error: unknown };

/** A load, and what became of it. Its promise is only for whoever began it. */
interface Load<T> {
  outcome: Outcome<T> | null;
  /** How often it has said that it is alive. */
  beats: number;
}

/**
 * Loads a value for each key once, however many callers ask for it at the same time. What was loaded stays. A failure
 * goes to every caller that waits, and is then forgotten, so that the next caller tries again.
 *
 * A load belongs to the request, or to the Durable Object, that began it, and stops without a word when that ends: when
 * an object is reset, or a request's time is over. Others that wait for it notice that it is no longer alive, and one
 * of them loads anew. Each awaits timers of its own, and no promise of another's: what follows an `await` may run in the
 * context of whoever resolves the promise, where no other may read, wait or answer.
 */
export class LoadOnce<T> {
  readonly #loads = new Map<string, Load<T>>();
  readonly #keepAlive: (load: Promise<unknown>) => void;

  /**
   * @param keepAlive is given each load. In a Worker this is `waitUntil`, because the request that began a load may be
   *   cancelled while others wait for it
   */
  constructor(keepAlive: (load: Promise<unknown>) => void) {
    this.#keepAlive = keepAlive;
  }

  /** Whether something is loaded for a key, or being loaded. */
  has(key: string): boolean {
    return this.#loads.has(key);
  }

  /** Drops what was loaded for a key, so that the next caller loads it again. */
  forget(key: string): void {
    this.#loads.delete(key);
  }

  /** Returns what was loaded for a key, or waits until it is. @returns null if nothing is, or the load was given up */
  async loaded(key: string): Promise<{ readonly value: T } | null> {
    const load = this.#loads.get(key);
    if (load === undefined) return null;
    const outcome = load.outcome ?? (await outcomeOf(load));
    if (outcome && 'error' in outcome) throw outcome.error;
    if (outcome === null && this.#loads.get(key) === load) this.forget(key);
    return outcome;
  }

  /** Returns what was loaded for a key, or calls `load` if nothing has been. */
  async get(key: string, load: () => Promise<T>): Promise<T> {
    while (this.#loads.has(key)) {
      const known = await this.loaded(key);
      if (known) return known.value;
    }
    return this.#start(key, load);
  }

  #start(key: string, begin: () => Promise<T>): Promise<T> {
    const load: Load<T> = { outcome: null, beats: 0 };
    const promise = begin();
    this.#loads.set(key, load);
    const alive = setInterval(() => {
      load.beats++;
    }, LOOK_MS);
    const settle = (outcome: Outcome<T>) => {
      clearInterval(alive);
      load.outcome = outcome;
      if ('error' in outcome && this.#loads.get(key) === load) this.#loads.delete(key);
    };
    this.#keepAlive(
      promise.then(
        (value) => settle({ value }),
        (error: unknown) => settle({ error }),
      ),
    );
    return promise;
  }
}

/** Waits until a load has an outcome. @returns null if it shows no sign of life any more */
async function outcomeOf<T>(load: Load<T>): Promise<Outcome<T> | null> {
  for (let missed = 0, beats = load.beats; load.outcome === null && missed < MISSED_LOOKS; beats = load.beats) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    missed = load.beats === beats ? missed + 1 : 0;
  }
  return load.outcome;
}
