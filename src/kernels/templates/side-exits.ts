/**
 * Side exits: `if (pointer == 1) { store the sums; unreachable(); }`, never taken, since no pointer is that low.
 *
 * V8 sinks a sum to where it is last used and leaves loads where they are, so that an unrolled block becomes all loads, most of them
 * spilled, and then all sums. A side exit uses the sums, which have to be ready before it, and merges with nothing: code stays in the
 * order in which it is written. Each needs a constant of its own (V8 drops a condition that it knows), and must use every sum that is
 * alive (or V8 computes it twice).
 */
export class SideExits {
  readonly #pointer: string;
  #constant = 0;

  constructor(pointer: string) {
    this.#pointer = pointer;
  }

  /** The next exit, with `sums` (v128 variables) alive. */
  next(sums: readonly string[]): string {
    const stores = sums.map((sum, index) => `v128.store(0, ${sum}, ${index * 16});`);
    this.#constant++;
    return `if (${this.#pointer} == ${this.#constant}) { ${stores.join(' ')} unreachable(); }`;
  }
}
