import type { CompactMerges } from './compact-merges.ts';
import { MinHeap } from './min-heap.ts';

/** Room that is kept from word to word. A longer one gets its own, which is not kept. */
const KEPT_SYMBOLS = 256;
/** A key is a rank times this plus a place, so that the lowest rank comes first and of equal ones the leftmost; a string is shorter. */
const PLACES = 2 ** 31;
const NONE = -1;

interface Room {
  /** Places of the neighbours that are left. */
  readonly previous: Int32Array;
  readonly next: Int32Array;
  /** The rank of merging a place with the next one, or NONE. */
  readonly ranks: Int32Array;
  readonly queue: MinHeap;
}

/** Each merge takes one key out and puts at most two in. */
const makeRoom = (symbols: number): Room => ({
  previous: new Int32Array(symbols),
  next: new Int32Array(symbols),
  ranks: new Int32Array(symbols),
  queue: new MinHeap(2 * symbols),
});

/** Byte-pair merging of one word over a linked list and a priority queue, in O(n log n): a text without spaces is one word. */
export class PairMerger {
  readonly #merges: CompactMerges;
  readonly #kept = makeRoom(KEPT_SYMBOLS);

  constructor(merges: CompactMerges) {
    this.#merges = merges;
  }

  /** Merges the first `count` of `symbols` in their place until no pair merges. @returns how many are left */
  merge(symbols: Int32Array, count: number): number {
    const room = count > KEPT_SYMBOLS ? makeRoom(count) : this.#kept;
    const { previous, next, ranks, queue } = room;
    for (let place = 0; place < count; place++) {
      previous[place] = place - 1;
      next[place] = place + 1;
    }
    for (let place = 0; place < count; place++) this.#rate(place, symbols, count, room);
    while (queue.size > 0) {
      const key = queue.pop();
      const rank = Math.floor(key / PLACES);
      const place = key - rank * PLACES;
      // Of another pair than the one that stands there by now.
      if (ranks[place] !== rank) continue;
      symbols[place] = this.#merges.merged(rank);
      ranks[next[place]] = NONE;
      next[place] = next[next[place]];
      if (next[place] < count) previous[next[place]] = place;
      this.#rate(place, symbols, count, room);
      if (place > 0) this.#rate(previous[place], symbols, count, room);
    }
    let left = 0;
    for (let place = 0; place < count; place = next[place]) symbols[left++] = symbols[place];
    return left;
  }

  #rate(place: number, symbols: Int32Array, count: number, { next, ranks, queue }: Room): void {
    const rank = next[place] < count ? this.#merges.rank(symbols[place], symbols[next[place]]) : NONE;
    ranks[place] = rank;
    if (rank !== NONE) queue.push(rank * PLACES + place);
  }
}
