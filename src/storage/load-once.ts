/** Milliseconds after which a load says that it is alive, and whoever waits for it looks. */
const LOOK_MS = 50;
/**
 * Looks in a row that find a load without a sign of life, after which it is given up. All timers of an isolate run on
 * one event loop: work that holds it up delays the looks as well.
 */
const MISSED_LOOKS = 20;

interface Load<T> {
  readonly promise: Promise<T>;
  isSettled: boolean;
  /** How often it has said that it is alive. */
  beats: number;
}

/**
 * Loads a value for each key once, however many callers ask for it at the same time. What was loaded stays. A failure
 * goes to every caller that waits, and is then forgotten, so that the next caller tries again.
 *
 * A load belongs to the request, or to the Durable Object, that began it, and stops without a word when that ends: when
 * an object is reset, or a request's time is over. Others that wait for it notice that it is no longer alive, and one
 * of them loads anew.
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

  /** Returns what is loaded for a key, or being loaded. It never settles if whoever loads it was ended. */
  known(key: string): Promise<T> | undefined {
    return this.#loads.get(key)?.promise;
  }

  /** Drops what was loaded for a key, so that the next caller loads it again. */
  forget(key: string): void {
    this.#loads.delete(key);
  }

  /** Returns what was loaded for a key, or waits until it is. @returns null if nothing is, or the load was given up */
  async loaded(key: string): Promise<{ value: T } | null> {
    const load = this.#loads.get(key);
    if (load === undefined) return null;
    if (load.isSettled || (await outlives(load))) return { value: await load.promise };
    if (this.#loads.get(key) === load) this.forget(key);
    return null;
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
    const promise = begin();
    const load: Load<T> = { promise, isSettled: false, beats: 0 };
    this.#loads.set(key, load);
    const alive = setInterval(() => {
      load.beats++;
    }, LOOK_MS);
    const settle = () => {
      clearInterval(alive);
      load.isSettled = true;
    };
    const fail = () => {
      settle();
      if (this.#loads.get(key) === load) this.#loads.delete(key);
    };
    this.#keepAlive(promise.then(settle, fail));
    return promise;
  }
}

/** Waits until a load settles, or shows no sign of life. @returns whether it has settled */
async function outlives(load: Load<unknown>): Promise<boolean> {
  const settled = load.promise.then(
    () => true,
    () => true,
  );
  for (let missed = 0, beats = load.beats; missed < MISSED_LOOKS; beats = load.beats) {
    const look = Promise.withResolvers<false>();
    const timer = setTimeout(() => look.resolve(false), LOOK_MS);
    const isSettled = await Promise.race([settled, look.promise]);
    clearTimeout(timer);
    if (isSettled) return true;
    missed = load.beats === beats ? missed + 1 : 0;
  }
  return false;
}
