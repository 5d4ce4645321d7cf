/** Random numbers for test data, the same in every run (mulberry32), and independent of what the sources use. */
export class SeededRandom {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** Uniform in [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** An integer from 0 to `below` - 1. */
  integer(below: number): number {
    return Math.floor(this.next() * below);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.integer(items.length)];
  }

  /** `length` items made by `make`. */
  list<T>(length: number, make: () => T): T[] {
    return Array.from({ length }, make);
  }

  /** `length` characters out of `alphabet`. */
  text(alphabet: readonly string[], length: number): string {
    return this.list(length, () => this.pick(alphabet)).join('');
  }

  /** Logits with the spread that a language model's have, roughly. */
  logits(length: number, spread = 4): Float32Array {
    return Float32Array.from({ length }, () => (this.next() + this.next() + this.next() - 1.5) * 2 * spread);
  }
}
