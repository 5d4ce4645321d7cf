import type { Pace, Steps } from '../pace.ts';
import type { CompactMerges } from './compact-merges.ts';
import { MinHeap } from './min-heap.ts';

/** Words up to this length share scratch arrays. Longer words are rare; each gets arrays of its own. */
const SCRATCH_LENGTH = 256;
/**
 * A key of the queue is `rank * POSITIONS + position`, so that the lowest rank comes first, and of equal ranks the
 * leftmost position. No string is as long as this.
 */
const POSITIONS = 2 ** 31;
const NONE = -1;
/** Pairs that are queued in the time that a merge takes. */
const QUEUED_PER_MERGED = 4;

/** The tokens of a word as a linked list, and the queue of merges that are possible. */
interface Scratch {
  /** [length] Position of the token before each token. */
  readonly previous: Int32Array;
  /** [length] Position of the token after each token. */
  readonly next: Int32Array;
  /** [length] Rank of the merge of each token with the one after it, or NONE. */
  readonly ranks: Int32Array;
  readonly queue: MinHeap;
}

/** Each merge removes one key from the queue and adds at most two. */
const makeScratch = (length: number): Scratch => ({
  previous: new Int32Array(length),
  next: new Int32Array(length),
  ranks: new Int32Array(length),
  queue: new MinHeap(2 * length),
});

/** Applies the merges of a byte-pair encoding to one word, over a linked list and a priority queue, in O(n log n). */
export class PairMerger {
  readonly #merges: CompactMerges;
  readonly #scratch = makeScratch(SCRATCH_LENGTH);

  constructor(merges: CompactMerges) {
    this.#merges = merges;
  }

  /**
   * Merges the first `count` of `symbols` in place, until no pair merges any more. It yields only for long words.
   * @returns how many symbols are left
   */
  *merge(symbols: Int32Array, count: number, pace: Pace): Steps<number> {
    // The shared arrays are not kept over a yield.
    const isLong = count > SCRATCH_LENGTH;
    const scratch = isLong ? makeScratch(count) : this.#scratch;
    const { previous, next, ranks, queue } = scratch;
    for (let position = 0; position < count; position++) {
      previous[position] = position - 1;
      next[position] = position + 1;
    }
    for (let position = 0; position < count; position++) {
      this.#queuePair(position, symbols, count, scratch);
      if (isLong && pace.isDue(1 / QUEUED_PER_MERGED)) yield pace.take();
    }
    while (queue.size > 0) {
      if (isLong && pace.isDue(1)) yield pace.take();
      const key = queue.pop();
      const rank = Math.floor(key / POSITIONS);
      const position = key - rank * POSITIONS;
      // The key is of an earlier pair, of which one token has been merged since.
      if (ranks[position] !== rank) continue;
      symbols[position] = this.#merges.mergedToken(rank);
      ranks[next[position]] = NONE;
      next[position] = next[next[position]];
      if (next[position] < count) previous[next[position]] = position;
      this.#queuePair(position, symbols, count, scratch);
      if (position > 0) this.#queuePair(previous[position], symbols, count, scratch);
    }
    let left = 0;
    for (let position = 0; position < count; position = next[position]) symbols[left++] = symbols[position];
    return left;
  }

  /** Records the rank of the pair at `position`, and queues its merge if there is one. */
  #queuePair(position: number, symbols: Int32Array, count: number, { next, ranks, queue }: Scratch): void {
    const rank = next[position] < count ? this.#merges.rank(symbols[position], symbols[next[position]]) : NONE;
    ranks[position] = rank;
    if (rank !== NONE) queue.push(rank * POSITIONS + position);
  }
}
