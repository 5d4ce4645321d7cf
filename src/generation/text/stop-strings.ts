/**
 * Finds stop strings in text that arrives in pieces. Text that may be the beginning of a stop string is held back
 * until that is decided, so no part of a stop string is ever released; the text before it is released immediately.
 */
export class StopStrings {
  readonly #stops: readonly string[];
  #held = '';

  constructor(stops: readonly string[]) {
    this.#stops = stops;
  }

  /**
   * Takes the next piece.
   * @returns the text that is safe to release; if `stopped`, it is the last, and ends where a stop string begins
   */
  push(piece: string): { text: string; stopped: boolean } {
    const text = this.#held + piece;
    const found = this.#firstComplete(text);
    if (found !== -1) {
      this.#held = '';
      return { text: text.slice(0, found), stopped: true };
    }
    const safe = text.length - this.#possibleBeginning(text);
    this.#held = text.slice(safe);
    return { text: text.slice(0, safe), stopped: false };
  }

  /** Releases what is held back, when no more text comes. */
  flush(): string {
    const text = this.#held;
    this.#held = '';
    return text;
  }

  /**
   * Where the stop string begins that is complete first, so that the result does not depend on how the text was cut
   * into pieces; -1 if none.
   */
  #firstComplete(text: string): number {
    let [begin, end] = [-1, Number.POSITIVE_INFINITY];
    for (const stop of this.#stops) {
      const place = text.indexOf(stop);
      if (place === -1 || place + stop.length > end || (place + stop.length === end && place > begin)) continue;
      [begin, end] = [place, place + stop.length];
    }
    return begin;
  }

  /** Length of the longest suffix of `text` that is the beginning of a stop string. */
  #possibleBeginning(text: string): number {
    const longest = Math.max(0, ...this.#stops.map((stop) => stop.length - 1));
    for (let length = Math.min(longest, text.length); length > 0; length--) {
      const end = text.slice(-length);
      if (this.#stops.some((stop) => stop.startsWith(end))) return length;
    }
    return 0;
  }
}
