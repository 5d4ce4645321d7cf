import type { ObjectContext } from '../api/http/object-context.ts';

/** The lives of all objects in this isolate, by their names. */
const LIVES = new Map<string, ObjectLife>();

/**
 * The time from an object's beginning to its end, which it does not learn of: an object that is reset stops without a
 * word, but what it has asked of the isolate's models goes on. Whoever begins next under the same name ends that.
 */
export class ObjectLife implements ObjectContext {
  readonly name: string;
  readonly #ends = new Set<() => void>();

  constructor(name: string) {
    this.name = name;
    const former = LIVES.get(name);
    LIVES.set(name, this);
    if (former) for (const end of former.#ends) end();
  }

  get requestCount(): number {
    return this.#ends.size;
  }

  onReset(end: () => void, until: Promise<unknown>): void {
    if (LIVES.get(this.name) !== this) end();
    else this.#ends.add(end);
    until.finally(() => this.#ends.delete(end));
  }
}
