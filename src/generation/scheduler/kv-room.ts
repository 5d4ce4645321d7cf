import type { Decoder } from '../../core/decoder.ts';
import type { Run } from './run.ts';

/**
 * Shares the blocks of the KV cache among runs. They are allocated as sequences grow; if they do not suffice, the runs
 * of the lowest priority give theirs back, and are computed again when there is room.
 */
export class KvRoom {
  readonly #decoder: Decoder;
  /** Blocks that runs with a sequence are going to allocate for what is pending. */
  #claimed = 0;

  constructor(decoder: Decoder) {
    this.#decoder = decoder;
  }

  /** Blocks that are free and not claimed. */
  get left(): number {
    return this.#decoder.kvCache.freeBlocks - this.#claimed;
  }

  /** Whether a run could go on if nobody else had any room. */
  couldHold({ tokens }: Run): boolean {
    const { blockPositions, totalBlocks } = this.#decoder.kvCache;
    return Math.ceil(tokens.length / blockPositions) <= totalBlocks;
  }

  /**
   * Sees to it that each run with a sequence has room for all that is pending; then gives room to further runs.
   * @param order of priority, as `priorityOrder` makes it
   */
  share(order: readonly Run[]): void {
    this.#claimed = 0;
    for (const run of order) if (run.sequence && !run.isPaused) this.#keep(run, order);
    for (const run of order) if (!run.sequence && !run.isPaused && !this.#enter(run, order)) return;
  }

  /** Claims what a run needs, at the cost of those after it, or else preempts it. */
  #keep(run: Run, order: readonly Run[]): void {
    while (run.sequence) {
      const need = run.sequence.blocksFor(run.pending);
      if (need <= this.left) {
        this.#claimed += need;
        return;
      }
      if (!this.#displaceIdle(run, order)) (lastWithSequence(order) ?? run).preempt();
    }
  }

  /** Gives a run room, unless those that have it already are going to need it. */
  #enter(run: Run, order: readonly Run[]): boolean {
    for (;;) {
      const sequence = run.open(this.#decoder);
      if (sequence) {
        const need = sequence.blocksFor(run.tokens.length - sequence.length);
        if (need + blocksToGrow(order) <= this.left) {
          this.#claimed += need;
          run.begin(sequence);
          return true;
        }
        run.refuse(sequence);
      }
      if (!this.#displaceIdle(run, order)) return false;
    }
  }

  /**
   * Takes room from what does not use it now: runs whose readers do not read, then stems, the run's own only if nothing
   * else is left. @returns whether there was anything to take
   */
  #displaceIdle(run: Run, order: readonly Run[]): boolean {
    const paused = order.findLast((other) => other.sequence && other.isPaused);
    if (paused) {
      paused.preempt();
      return true;
    }
    const isAlone = !order.some(({ sequence }) => sequence);
    const spare = order.findLast((other) => other.spare && (isAlone || other.spare !== run.spare))?.spare;
    spare?.release();
    return spare !== undefined;
  }
}

const lastWithSequence = (order: readonly Run[]): Run | undefined => order.findLast(({ sequence, isPaused }) => sequence && !isPaused);

/** How many runs with a sequence are going to need a block more than for what is pending: one block is kept for each. */
function blocksToGrow(order: readonly Run[]): number {
  return order.filter(({ sequence, isPaused, pending, mostTokens }) => {
    if (!sequence || isPaused) return false;
    return sequence.blocksFor(mostTokens - sequence.length) > sequence.blocksFor(pending);
  }).length;
}
