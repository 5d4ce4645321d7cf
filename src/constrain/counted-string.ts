import type { ByteState } from './byte-state.ts';
import { characterAutomaton } from './json-text.ts';

const QUOTE = 0x22;

/** How many characters a string may have, as code points. */
interface Bounds {
  readonly min: number;
  readonly max: number;
}

/** The strings of JSON with a number of characters within bounds. Its states are made as they are reached. */
export function countedString(bounds: Bounds): ByteState {
  return { accepts: false, step: (byte) => (byte === QUOTE ? new CharacterCount(bounds, 0, new Map()) : undefined) };
}

/** Between two characters. */
class CharacterCount implements ByteState {
  readonly accepts = false;
  readonly #bounds: Bounds;
  readonly #count: number;
  /** The states between characters, by their count. */
  readonly #counts: Map<number, CharacterCount>;
  readonly #within = new Map<ByteState, ByteState>();

  constructor(bounds: Bounds, count: number, counts: Map<number, CharacterCount>) {
    this.#bounds = bounds;
    this.#count = count;
    this.#counts = counts;
    counts.set(count, this);
  }

  /** What may come depends on how many characters must and how many may come still. */
  get alike(): string {
    return `string ${Math.max(0, this.#bounds.min - this.#count)} ${this.#bounds.max - this.#count}`;
  }

  step(byte: number): ByteState | undefined {
    if (byte === QUOTE && this.#count >= this.#bounds.min) return END;
    return this.#count < this.#bounds.max ? this.#inside(characterAutomaton().step(byte)) : undefined;
  }

  /** The state after some bytes of a character; once it is whole, the next count. */
  #inside(state: ByteState | undefined): ByteState | undefined {
    if (!state) return undefined;
    if (state.accepts) return this.#next();
    const known = this.#within.get(state);
    if (known) return known;
    const inside: ByteState = { accepts: false, step: (byte) => this.#inside(state.step(byte)) };
    this.#within.set(state, inside);
    return inside;
  }

  #next(): CharacterCount {
    // From the least count on, strings without an upper bound are all alike.
    const count = this.#bounds.max === Number.POSITIVE_INFINITY ? Math.min(this.#count + 1, this.#bounds.min) : this.#count + 1;
    return this.#counts.get(count) ?? new CharacterCount(this.#bounds, count, this.#counts);
  }
}

const END: ByteState = { accepts: true, step: () => undefined };
