import type { KvCache } from '../../core/decoder.ts';
import type { Manifest } from '../../core/folder/manifest.ts';

/** Positions that are counted together, so that a sequence does not ask for room with every token. */
const BLOCK_POSITIONS = 32;

/** The blocks that one sequence holds. */
export interface HeldBlocks {
  count: number;
}

/**
 * Counts the room that sequences of onnxruntime-web take. The keys and values themselves lie in tensors, of exactly as
 * many positions as a sequence has; a block is only a unit of counting. Forks share their tensors until one of them is
 * fed, and until then only the first is counted.
 */
export class OrtCache implements KvCache {
  readonly blockPositions = BLOCK_POSITIONS;
  readonly totalBlocks: number;
  #heldBlocks = 0;
  /** The loop of a cancelled request never reaches its end, so its sequence is not disposed. */
  readonly #dropped = new FinalizationRegistry<HeldBlocks>((held) => this.resize(held, 0));

  constructor({ contextWindow, kvBytesPerToken }: Pick<Manifest, 'contextWindow' | 'kvBytesPerToken'>, cacheBytes: number) {
    const windowBlocks = Math.ceil(contextWindow / BLOCK_POSITIONS);
    this.totalBlocks = Math.max(windowBlocks, Math.floor(cacheBytes / (kvBytesPerToken * BLOCK_POSITIONS)));
  }

  get freeBlocks(): number {
    return this.totalBlocks - this.#heldBlocks;
  }

  /** Begins to count a sequence, until it is dropped or resized to nothing. */
  hold(sequence: object): HeldBlocks {
    const held = { count: 0 };
    this.#dropped.register(sequence, held);
    return held;
  }

  /** Counts as many blocks as so many positions take. */
  resize(held: HeldBlocks, positions: number): void {
    const count = Math.ceil(positions / BLOCK_POSITIONS);
    this.#heldBlocks += count - held.count;
    held.count = count;
  }
}
