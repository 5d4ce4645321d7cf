/** Adds up hidden states one by one, in float64, so that the sum does not depend on how they are batched. */
export class MeanState {
  /** How many states were added. */
  count = 0;
  readonly #sum: Float64Array;

  constructor(size: number) {
    this.#sum = new Float64Array(size);
  }

  add(state: Float32Array): void {
    this.count++;
    for (let index = 0; index < state.length; index++) this.#sum[index] += state[index];
  }

  /** The mean's direction: a vector of length 1. The zero vector has none, and stays as it is. */
  direction(): Float32Array {
    let squares = 0;
    for (const value of this.#sum) squares += value * value;
    const scale = squares > 0 ? 1 / Math.sqrt(squares) : 0;
    return Float32Array.from(this.#sum, (value) => value * scale);
  }
}
