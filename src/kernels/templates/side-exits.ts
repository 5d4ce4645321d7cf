/**
 * Side exits: `if (pointer == 1) { store the sums; unreachable(); }`. They are never taken, because no pointer is that
 * low.
 *
 * V8 moves the computation of a sum down to where it is last used, but leaves loads where they are. An unrolled block
 * then becomes all loads, most of them spilled, followed by all sums. A side exit uses the sums, which must therefore
 * be ready before it, and control never returns from it: the code stays in the order in which it is written. Each exit
 * needs a constant of its own, because V8 drops a condition whose result it knows, and must use every sum that is
 * alive, because V8 computes the others twice.
 */
export class SideExits {
  readonly #pointer: string;
  #constant = 0;

  constructor(pointer: string) {
    this.#pointer = pointer;
  }

  /** The source of the next exit. `sums`: all v128 variables that are alive. */
  next(sums: readonly string[]): string {
    const stores = sums.map((sum, index) => `v128.store(0, ${sum}, ${index * 16});`);
    this.#constant++;
    return `if (${this.#pointer} == ${this.#constant}) { ${stores.join(' ')} unreachable(); }`;
  }
}
