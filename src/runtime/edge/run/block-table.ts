import type { Prefix } from '../../../core/decoder.ts';
import type { KvBlocks } from './kv-blocks.ts';
import type { Branch, KvBlock } from './prefix-tree.ts';

/**
 * The blocks that hold a sequence's positions, in order. Full blocks are shared with every other sequence that has the
 * same past. The last one may be shared too, after a fork, until one of its holders writes to it.
 */
export class BlockTable {
  readonly #pool: KvBlocks;
  readonly #partition: string | null;
  readonly #root: Branch;
  readonly #blocks: KvBlock[] = [];
  #length = 0;

  /**
   * @param partition of the sequences that may reuse what this one computes; null for all
   * @param root what sequences with the same adapter begin with
   */
  constructor(pool: KvBlocks, partition: string | null = '', root: Branch = pool.tree.root) {
    this.#pool = pool;
    this.#partition = partition;
    this.#root = root;
  }

  /** A table that begins with what the pool's blocks hold of a prefix: at most all of its tokens but the last. */
  static behind(pool: KvBlocks, { tokens, partition, adapter }: Prefix): BlockTable {
    const table = new BlockTable(pool, partition, pool.tree.rootOf(adapter));
    const reusable = tokens.slice(0, -1);
    let found = true;
    while (found && table.#length < reusable.length)
      found = table.#reuse(reusable.slice(table.#length, table.#length + pool.blockPositions));
    return table;
  }

  /** Positions that are held. */
  get length(): number {
    return this.#length;
  }

  get addresses(): number[] {
    return this.#blocks.map(({ address }) => address);
  }

  /** Free blocks that `reserve` takes. */
  blocksFor(tokens: number): number {
    if (tokens === 0) return 0;
    const missing = Math.ceil((this.#length + tokens) / this.#pool.blockPositions) - this.#blocks.length;
    return Math.max(0, missing) + (this.#sharedLast() ? 1 : 0);
  }

  /**
   * Makes room for more tokens, in blocks that no other sequence reads.
   * @throws GptEdgeError `memory_limit_exceeded`; `truncate(length)` then gives back what was allocated
   */
  reserve(tokens: number): void {
    const { blockPositions } = this.#pool;
    const count = this.#length % blockPositions;
    const shared = this.#sharedLast();
    if (shared) {
      const copy = this.#copy(shared, count);
      if (copy === undefined) throw this.#pool.full();
      this.#blocks[this.#blocks.length - 1] = copy;
      this.#pool.release(shared);
    }
    const last = this.#lastInPart();
    if (last) this.#pool.trim(last, count);
    while (this.#blocks.length * blockPositions < this.#length + tokens) this.#blocks.push(this.#pool.allocate(this.#partition));
  }

  /** Records the tokens whose keys and values were written, so that other sequences can reuse them. */
  append(tokens: readonly number[]): void {
    const { blockPositions, tree } = this.#pool;
    for (let start = 0; start < tokens.length; ) {
      const index = Math.floor(this.#length / blockPositions);
      const block = this.#blocks[index];
      const added = tokens.slice(start, start + blockPositions - block.tokens.length);
      block.tokens.push(...added);
      if (block.after === undefined) tree.add(block, this.#before(index));
      this.#length += added.length;
      start += added.length;
      if (block.tokens.length === blockPositions) this.#join(index);
    }
  }

  /** Drops the positions from `length` on, and releases the blocks that are then not needed. */
  truncate(length: number): void {
    if (!(length >= 0 && length <= this.#length)) throw new RangeError(`${this.#length} positions cannot be cut to ${length}`);
    this.#length = length;
    const needed = Math.ceil(length / this.#pool.blockPositions);
    while (this.#blocks.length > needed) this.#pool.release(this.#blocks.pop()!);
  }

  /** A second table with the same past. */
  fork(): BlockTable {
    const fork = new BlockTable(this.#pool, this.#partition, this.#root);
    for (const block of this.#blocks) fork.#hold(block);
    fork.#length = this.#length;
    return fork;
  }

  #hold(block: KvBlock): void {
    this.#pool.hold(block);
    this.#blocks.push(block);
  }

  /** Goes on with a block that holds the beginning of `tokens`. @returns whether there may be another one after it */
  #reuse(tokens: readonly number[]): boolean {
    const pool = this.#pool;
    const found = pool.tree.longest(this.#before(this.#blocks.length), tokens, this.#partition);
    if (found === undefined) return false;
    const { block, count } = found;
    const isWhole = count === pool.blockPositions;
    if (isWhole) this.#hold(block);
    else if (!this.#reuseBeginning(block, count)) return false;
    this.#length += count;
    return isWhole;
  }

  /**
   * Goes on with the first `count` tokens of a block, of which the rest is going to be written. A block that nobody uses
   * is taken as it is if it holds no more, or if there is no other for a copy.
   */
  #reuseBeginning(block: KvBlock, count: number): boolean {
    const pool = this.#pool;
    const others = pool.freeBlocks - Number(block.holders === 0);
    const canBeTaken = block.holders === 0 && block.partition === this.#partition;
    const copy = others > 0 && !(canBeTaken && count === block.tokens.length) ? this.#copy(block, count) : undefined;
    if (copy) this.#blocks.push(copy);
    else if (canBeTaken) this.#hold(block);
    return copy !== undefined || canBeTaken;
  }

  #copy(block: KvBlock, count: number): KvBlock | undefined {
    const { after } = block;
    const copy = this.#pool.copy(block, count, this.#partition);
    if (copy) this.#pool.tree.add(copy, after!);
    return copy;
  }

  /** The last block, if what comes next is written to it, and others would see that. */
  #sharedLast(): KvBlock | undefined {
    const last = this.#lastInPart();
    return last && (last.holders > 1 || last.partition !== this.#partition) ? last : undefined;
  }

  /** The last block, if it has room for more positions. */
  #lastInPart(): KvBlock | undefined {
    const { blockPositions } = this.#pool;
    return this.#length % blockPositions > 0 ? this.#blocks[Math.floor(this.#length / blockPositions)] : undefined;
  }

  /** Takes over another sequence's block of the same tokens, instead of a full block of its own. */
  #join(index: number): void {
    const block = this.#blocks[index];
    const twin = this.#pool.tree.twin(block);
    if (twin === undefined) return;
    this.#pool.hold(twin);
    this.#blocks[index] = twin;
    this.#pool.release(block);
  }

  #before(index: number): Branch {
    return index === 0 ? this.#root : this.#blocks[index - 1];
  }
}
