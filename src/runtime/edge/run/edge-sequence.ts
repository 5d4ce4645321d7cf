import type { Feed, Sequence } from '../../../core/decoder.ts';
import { checkFeeds } from '../../check-feeds.ts';
import { forwardRows } from '../../forward-rows.ts';
import type { EdgeModel, TableFeed } from './edge-model.ts';

/** A sequence whose KV cache lies in blocks of the engine's memory. */
export class EdgeSequence implements Sequence {
  readonly #model: EdgeModel;
  /** Addresses of the blocks that hold the positions, in order. */
  readonly #blockTable: number[];
  #length: number;

  constructor(model: EdgeModel, blockTable: number[] = [], length = 0) {
    this.#model = model;
    this.#blockTable = blockTable;
    this.#length = length;
    model.droppedSequences.register(this, blockTable, this);
  }

  get length(): number {
    return this.#length;
  }

  blocksFor(tokens: number): number {
    return Math.max(0, Math.ceil((this.#length + tokens) / this.#model.plan.cache.blockPositions) - this.#blockTable.length);
  }

  forward(tokens: readonly number[], rows = 1): Promise<Float32Array> {
    return forwardRows(this, tokens, rows, this.#model.plan.options.vocabularySize);
  }

  forwardEach(tokens: readonly number[], rows: number, read: Feed['read']): Promise<void> {
    return forwardBatch(this.#model, [{ sequence: this, tokens, rows, read }]);
  }

  /** Allocates the blocks of a feed that has been checked. */
  prepare({ tokens, rows, read }: Feed): TableFeed {
    const { blocks } = this.#model;
    for (let missing = this.blocksFor(tokens.length); missing > 0; missing--) this.#blockTable.push(blocks.allocate());
    return { tokens, rows, read, position: this.#length, blockTable: this.#blockTable };
  }

  /** Counts tokens that have been computed. */
  advance(tokens: number): void {
    this.#length += tokens;
  }

  truncate(length: number): void {
    if (length < 0 || length > this.#length) throw new RangeError(`${this.#length} positions cannot be cut to ${length}`);
    const { blocks, plan } = this.#model;
    const { blockPositions } = plan.cache;
    blocks.release(this.#blockTable, Math.ceil(length / blockPositions));
    // Another sequence may share the block in which positions are going to be written again.
    const last = this.#blockTable.length - 1;
    if (length % blockPositions > 0 && blocks.isShared(this.#blockTable[last])) {
      const copy = blocks.copy(this.#blockTable[last]);
      blocks.release(this.#blockTable, last);
      this.#blockTable.push(copy);
    }
    this.#length = length;
  }

  /** Full blocks are shared, because no sequence writes to them any more. The last block is copied. */
  fork(): Sequence {
    const { blocks, plan } = this.#model;
    const full = Math.floor(this.#length / plan.cache.blockPositions);
    const shared = this.#blockTable.slice(0, full);
    // The copy comes first, because it may fail.
    const own = this.#length > full * plan.cache.blockPositions ? [blocks.copy(this.#blockTable[full])] : [];
    for (const block of shared) blocks.share(block);
    return new EdgeSequence(this.#model, [...shared, ...own], this.#length);
  }

  dispose(): void {
    this.#model.droppedSequences.unregister(this);
    this.#model.blocks.release(this.#blockTable);
    this.#length = 0;
  }
}

/** See `Decoder.forwardBatch`. */
export async function forwardBatch(model: EdgeModel, feeds: readonly Feed[]): Promise<void> {
  checkFeeds(feeds, model.plan.options.contextWindow, model.blocks);
  const sequences = feeds.map(({ sequence }) => sequence as EdgeSequence);
  model.run(feeds.map((feed, index) => sequences[index].prepare(feed)));
  for (const [index, { tokens }] of feeds.entries()) sequences[index].advance(tokens.length);
}
