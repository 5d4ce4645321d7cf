import type { KvCache } from '../../../core/decoder.ts';
import { GptEdgeError } from '../../../core/errors.ts';
import type { EngineMemory } from './engine-memory.ts';

/** Where the blocks begin, and how many of which size there may be. */
export interface BlockSizes {
  readonly start: number;
  readonly blockBytes: number;
  readonly blockPositions: number;
  readonly totalBlocks: number;
}

/**
 * Allocates the KV caches of all sequences, in blocks of a fixed number of positions. The blocks lie at the end of the
 * engine's memory, after everything else, because they are the only part of it that grows. A block belongs to one
 * sequence or, once it is full, to several that share a past. The memory grows when no block is free, and never
 * shrinks.
 */
export class KvBlocks implements KvCache {
  readonly blockPositions: number;
  readonly totalBlocks: number;
  readonly #memory: EngineMemory;
  readonly #start: number;
  readonly #blockBytes: number;
  /** Addresses of allocated memory that no sequence uses. */
  readonly #freed: number[] = [];
  /** How many sequences hold a block, by its address. */
  readonly #refCounts = new Map<number, number>();

  constructor(memory: EngineMemory, { start, blockBytes, blockPositions, totalBlocks }: BlockSizes) {
    this.#memory = memory;
    this.#start = start;
    this.#blockBytes = blockBytes;
    this.blockPositions = blockPositions;
    this.totalBlocks = totalBlocks;
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
    const block = this.#freed.pop() ?? this.#grow();
    this.#refCounts.set(block, 1);
    return block;
  }

  get freeBlocks(): number {
    return this.totalBlocks - this.used;
  }

  /** Whether more than one sequence holds the block. */
  isShared(block: number): boolean {
    return this.#refCounts.get(block)! > 1;
  }

  /** Lets one more sequence hold the block. */
  share(block: number): void {
    this.#refCounts.set(block, this.#refCounts.get(block)! + 1);
  }

  /**
   * Removes the blocks from a sequence's block table, from the index `from` on; those that no other sequence holds
   * become free.
   */
  release(blockTable: number[], from = 0): void {
    for (const block of blockTable.splice(from)) {
      const refCount = this.#refCounts.get(block)! - 1;
      if (refCount > 0) this.#refCounts.set(block, refCount);
      else {
        this.#refCounts.delete(block);
        this.#freed.push(block);
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
    const count = this.#refCounts.size + this.#freed.length;
    if (count >= this.totalBlocks)
      throw new GptEdgeError(
        'memory_limit_exceeded',
        `The KV cache has no room for another ${this.#blockBytes} bytes: the requests that are being answered hold all ${this.totalBlocks * this.#blockBytes} bytes of it. Try again when one of them has ended.`,
      );
    const block = this.#start + count * this.#blockBytes;
    this.#memory.growTo(block + this.#blockBytes);
    return block;
  }
}
