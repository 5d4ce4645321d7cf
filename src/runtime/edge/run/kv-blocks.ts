import type { KvCache } from '../../../core/decoder.ts';
import { GptEdgeError } from '../../../core/errors.ts';
import { steadyNow } from '../../../core/steady-clock.ts';
import type { EngineMemory } from './engine-memory.ts';
import { type KvBlock, PrefixTree } from './prefix-tree.ts';

/**
 * Milliseconds for which the host is not asked for more memory after it had none: what runs then makes do with the blocks
 * that there are, and does not fail again and again.
 */
const SHORT_MS = 1000;

/** Where the blocks begin, and how many of which size there may be. */
export interface BlockSizes {
  readonly start: number;
  readonly blockBytes: number;
  readonly blockPositions: number;
  readonly totalBlocks: number;
  /** Blocks of a sequence that fills the context window. */
  readonly windowBlocks: number;
}

/**
 * Allocates the KV caches of all sequences, in blocks of a fixed number of positions. The blocks lie at the end of the
 * engine's memory, after everything else, because they are the only part of it that grows. It never shrinks.
 *
 * A block belongs to one sequence, or to several that share a past. When its last holder has left, it stays idle: what
 * it holds may be reused, until its memory is needed. Memory is taken from blocks that hold nothing, then by growing,
 * and then from the idle block that was used least recently.
 */
export class KvBlocks implements KvCache {
  readonly blockPositions: number;
  readonly blockBytes: number;
  #plannedBlocks: number;
  readonly tree = new PrefixTree();
  readonly #memory: EngineMemory;
  readonly #start: number;
  readonly #windowBlocks: number;
  /** How many blocks the memory has room for. */
  #grown = 0;
  /** Until when the host is not asked for more, by the steady clock. */
  #shortUntil = 0;
  /** How many blocks sequences hold. */
  #held = 0;
  /** Addresses of blocks that hold nothing. */
  readonly #empty: number[] = [];
  /**
   * Blocks that hold something and have no holder, the least recently used first. A sequence gives its blocks back from
   * the last to the first, so no block comes before those that follow it.
   */
  readonly #idle = new Set<KvBlock>();

  constructor(memory: EngineMemory, { start, blockBytes, blockPositions, totalBlocks, windowBlocks }: BlockSizes) {
    this.#memory = memory;
    this.#start = start;
    this.#windowBlocks = windowBlocks;
    this.blockBytes = blockBytes;
    this.blockPositions = blockPositions;
    this.#plannedBlocks = totalBlocks;
  }

  /** As many as were planned; while the host has no more memory, as many as there are. */
  get totalBlocks(): number {
    return steadyNow() < this.#shortUntil ? this.#grown : this.#plannedBlocks;
  }

  get freeBlocks(): number {
    return this.totalBlocks - this.#held;
  }

  addRoom(bytes: number): number {
    const before = this.#plannedBlocks;
    this.#plannedBlocks = Math.max(this.#grown, this.#windowBlocks, before + Math.floor(bytes / this.blockBytes));
    return (this.#plannedBlocks - before) * this.blockBytes;
  }

  /**
   * @param partition of the sequences that may reuse what is going to be written to the block; null for all
   * @returns a block that one sequence holds
   * @throws GptEdgeError `memory_limit_exceeded` if all blocks are held
   */
  allocate(partition: string | null): KvBlock {
    const block = this.#take(partition);
    if (block === undefined) throw this.full();
    return block;
  }

  #take(partition: string | null): KvBlock | undefined {
    const address = this.#empty.pop() ?? this.#grow() ?? this.#evict();
    if (address === undefined) return undefined;
    this.#held++;
    return { address, holders: 1, tokens: [], partition, after: undefined, next: new Map() };
  }

  /** The error of whoever needs a block where there is none. */
  full(): GptEdgeError {
    const most = this.totalBlocks * this.blockBytes;
    const why =
      this.totalBlocks < this.#plannedBlocks
        ? 'the host has no more memory. Try again later.'
        : `the requests that are being answered hold all ${most} bytes of it. Try again when one of them has ended.`;
    return new GptEdgeError('memory_limit_exceeded', `The KV cache has no room for another ${this.blockBytes} bytes: ${why}`);
  }

  /** Lets one more sequence hold the block. */
  hold(block: KvBlock): void {
    if (block.holders === 0) {
      this.#idle.delete(block);
      this.#held++;
    }
    block.holders++;
  }

  /** Takes the block from one of its holders. */
  release(block: KvBlock): void {
    block.holders--;
    if (block.holders > 0) return;
    this.#held--;
    const isOfUse = block.next.size > 0 || (block.after !== undefined && this.tree.twin(block) === undefined);
    if (isOfUse) this.#idle.add(block);
    else this.#clear(block);
  }

  /**
   * Allocates a block that begins with the first `count` tokens of another one.
   * @returns undefined if all blocks are held, or the host has no more memory
   */
  copy(block: KvBlock, count: number, partition: string | null): KvBlock | undefined {
    this.hold(block);
    try {
      const copy = this.#take(partition);
      if (copy === undefined) return undefined;
      this.#memory.views.u8.copyWithin(copy.address, block.address, block.address + this.blockBytes);
      copy.tokens.push(...block.tokens.slice(0, count));
      return copy;
    } finally {
      this.release(block);
    }
  }

  /**
   * Forgets what a block holds after its first `count` tokens, and all blocks that follow it, so that its only holder
   * can write other tokens there.
   */
  trim(block: KvBlock, count: number): void {
    if (block.tokens.length === count) return;
    block.tokens.length = count;
    this.#forgetNext(block);
  }

  #forgetNext({ next }: KvBlock): void {
    for (const block of [...next.values()].flat()) {
      this.#forgetNext(block);
      // Whoever held this block would hold the one before it too, so nobody does.
      this.#idle.delete(block);
      this.#clear(block);
    }
  }

  #clear(block: KvBlock): void {
    if (block.after) this.tree.remove(block);
    this.#empty.push(block.address);
  }

  /** Makes room for another block, unless there are as many as there may be. */
  #grow(): number | undefined {
    if (this.#grown >= this.totalBlocks) return undefined;
    const block = this.#start + this.#grown * this.blockBytes;
    try {
      this.#memory.growTo(block + this.blockBytes);
    } catch {
      this.#shortUntil = steadyNow() + SHORT_MS;
      return undefined;
    }
    this.#grown++;
    return block;
  }

  /** Takes the memory of what nobody uses; undefined if all of it is used. */
  #evict(): number | undefined {
    const [block] = this.#idle;
    if (block === undefined) return undefined;
    this.#idle.delete(block);
    this.tree.remove(block);
    return block.address;
  }
}
