/** How fast a generation was, as the reader saw it. */
export interface Timing {
  /** Milliseconds from the press of the button to the first token; null if none came. */
  firstTokenMs: number | null;
  /** Tokens after the first one, divided by the time that they took; null if there were none. */
  tokensPerSecond: number | null;
  /** How the server took the request: whether its model was loaded, and with whom it was computed. */
  served: string;
}

/** Measures a generation from the moment that the timer is created. */
export class TokenTimer {
  served = '';
  readonly #start = performance.now();
  #first: number | null = null;
  #count = 0;

  /** How many tokens have come. */
  get count(): number {
    return this.#count;
  }

  /** Call this when tokens arrive. */
  add(tokens: number): void {
    this.#count += tokens;
    if (this.#count > 0) this.#first ??= performance.now();
  }

  /** Call this when the last token has arrived. */
  timing(): Timing {
    const { served } = this;
    if (this.#first === null) return { firstTokenMs: null, tokensPerSecond: null, served };
    const seconds = (performance.now() - this.#first) / 1000;
    return {
      firstTokenMs: this.#first - this.#start,
      tokensPerSecond: this.#count > 1 && seconds > 0 ? (this.#count - 1) / seconds : null,
      served,
    };
  }
}
