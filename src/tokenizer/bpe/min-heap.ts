/** A priority queue of numbers, the smallest first: a binary heap in one array. */
export class MinHeap {
  readonly #keys: Float64Array;
  #size = 0;

  /** @param capacity how many numbers it can hold at a time */
  constructor(capacity: number) {
    this.#keys = new Float64Array(capacity);
  }

  get size(): number {
    return this.#size;
  }

  push(key: number): void {
    const keys = this.#keys;
    let at = this.#size++;
    while (at > 0 && keys[(at - 1) >> 1] > key) {
      keys[at] = keys[(at - 1) >> 1];
      at = (at - 1) >> 1;
    }
    keys[at] = key;
  }

  /** Removes the smallest number and returns it. The heap must not be empty. */
  pop(): number {
    const keys = this.#keys;
    const smallest = keys[0];
    const key = keys[--this.#size];
    let at = 0;
    for (let child = 1; child < this.#size; child = 2 * at + 1) {
      if (child + 1 < this.#size && keys[child + 1] < keys[child]) child++;
      if (keys[child] >= key) break;
      keys[at] = keys[child];
      at = child;
    }
    keys[at] = key;
    return smallest;
  }
}
