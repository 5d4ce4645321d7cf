import { GptEdgeError } from '../../../core/errors.ts';
import type { EngineMemory } from './engine-memory.ts';

/**
 * The KV caches of all sequences, in blocks of some positions each, after everything else in the engine's memory. A
 * block belongs to one sequence or, once it is full, to several that share a past. The memory grows when no block is
 * free, and never shrinks.
 */
export class KvBlocks {
  readonly #memory: EngineMemory;
  readonly #start: number;
  readonly #blockBytes: number;
  readonly #maxBlocks: number;
  /** Addresses of allocated memory that no sequence uses. */
  readonly #freeBlocks: number[] = [];
  /** How many sequences hold a block, by its address. */
  readonly #refCounts = new Map<number, number>();

  constructor(memory: EngineMemory, { start, blockBytes, maxBlocks }: { start: number; blockBytes: number; maxBlocks: number }) {
    this.#memory = memory;
    this.#start = start;
    this.#blockBytes = blockBytes;
    this.#maxBlocks = maxBlocks;
  }

  /** How many blocks sequences hold; a shared block counts once. */
  get used(): number {
    return this.#refCounts.size;
  }

  /**
   * @returns the address of a block that one sequence holds
   * @throws GptEdgeError `memory_limit_exceeded` if all blocks are held
   */
  allocate(): number {
    const block = this.#freeBlocks.pop() ?? this.#grow();
    this.#refCounts.set(block, 1);
    return block;
  }

  /** Lets one more sequence hold the block. */
  share(block: number): void {
    this.#refCounts.set(block, this.#refCounts.get(block)! + 1);
  }

  /**
   * Removes the blocks from a sequence's block table, from the index `from` on; those that no other sequence holds
   * become free.
   */
  free(blockTable: number[], from = 0): void {
    for (const block of blockTable.splice(from)) {
      const refCount = this.#refCounts.get(block)! - 1;
      if (refCount > 0) this.#refCounts.set(block, refCount);
      else {
        this.#refCounts.delete(block);
        this.#freeBlocks.push(block);
      }
    }
  }

  /** Allocates a block with the content of another one. */
  copy(block: number): number {
    const copy = this.allocate();
    this.#memory.views.u8.copyWithin(copy, block, block + this.#blockBytes);
    return copy;
  }

  #grow(): number {
    const count = this.#refCounts.size + this.#freeBlocks.length;
    if (count >= this.#maxBlocks)
      throw new GptEdgeError(
        'memory_limit_exceeded',
        `The KV cache has no room for another ${this.#blockBytes} bytes: the requests that are being answered hold all of its ${this.#maxBlocks * this.#blockBytes}. Try again when one has ended.`,
      );
    const block = this.#start + count * this.#blockBytes;
    this.#memory.growTo(block + this.#blockBytes);
    return block;
  }
}
