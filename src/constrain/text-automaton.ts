import type { ByteState } from './byte-state.ts';

const UTF8 = new TextEncoder();

/**
 * The automaton of some texts: their trie, whose states are made when they are first reached. So many texts cost no more
 * than their bytes, and a search among them for each new state.
 * @param texts at least one, each of valid Unicode
 */
export function textAutomaton(texts: readonly string[]): ByteState {
  const sorted = texts.map((text) => UTF8.encode(text)).sort(compare);
  return new TextsState(sorted, 0, sorted.length, 0);
}

/** The texts from `from` to `to`, in the order of their bytes, whose first `depth` bytes were read. */
class TextsState implements ByteState {
  readonly accepts: boolean;
  readonly #sorted: readonly Uint8Array[];
  readonly #from: number;
  readonly #to: number;
  readonly #depth: number;
  readonly #next = new Map<number, TextsState>();

  constructor(sorted: readonly Uint8Array[], from: number, to: number, depth: number) {
    this.#sorted = sorted;
    this.#from = from;
    this.#to = to;
    this.#depth = depth;
    // The shortest of those that begin alike comes first.
    this.accepts = sorted[from].length === depth;
  }

  step(byte: number): ByteState | undefined {
    const known = this.#next.get(byte);
    if (known) return known;
    const [from, to] = [this.#firstFrom(byte), this.#firstFrom(byte + 1)];
    if (from === to) return undefined;
    const next = new TextsState(this.#sorted, from, to, this.#depth + 1);
    this.#next.set(byte, next);
    return next;
  }

  /** The first text that goes on with this byte or a greater one. */
  #firstFrom(byte: number): number {
    let [low, high] = [this.#from, this.#to];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#sorted[middle][this.#depth] ?? -1) < byte) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function compare(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) if (a[at] !== b[at]) return a[at] - b[at];
  return a.length - b.length;
}
