import type { Feed, Prefix, Sequence } from '../../../core/decoder.ts';
import { checkFeeds } from '../../check-feeds.ts';
import { forwardRows } from '../../forward-rows.ts';
import type { LoadedAdapter } from './adapter-room.ts';
import { BlockTable } from './block-table.ts';
import type { EdgeModel } from './edge-model.ts';

/** A sequence whose KV cache lies in blocks of the engine's memory. */
export class EdgeSequence implements Sequence {
  readonly table: BlockTable;
  readonly adapter: LoadedAdapter | undefined;
  readonly #model: EdgeModel;
  /** Gives back what it holds. It must not refer to the sequence, which would then never be dropped. */
  readonly #free: () => void;

  constructor(model: EdgeModel, table = new BlockTable(model.blocks), adapter?: LoadedAdapter) {
    this.#model = model;
    this.table = table;
    this.adapter = adapter;
    const letGo = adapter ? model.adapters.hold(adapter.name) : () => {};
    this.#free = () => {
      table.truncate(0);
      letGo();
    };
    model.droppedSequences.register(this, this.#free, this);
  }

  get length(): number {
    return this.table.length;
  }

  blocksFor(tokens: number): number {
    return this.table.blocksFor(tokens);
  }

  forward(tokens: readonly number[], rows = 1): Promise<Float32Array> {
    return forwardRows(this, tokens, rows, this.#model.plan.options.vocabularySize);
  }

  forwardEach(tokens: readonly number[], rows: number, read: Feed['read']): Promise<void> {
    return forwardBatch(this.#model, [{ sequence: this, tokens, rows, read }]);
  }

  truncate(length: number): void {
    this.table.truncate(length);
  }

  fork(): Sequence {
    return new EdgeSequence(this.#model, this.table.fork(), this.adapter);
  }

  dispose(): void {
    this.#model.droppedSequences.unregister(this);
    this.#free();
  }
}

/** See `Decoder.createSequence`. */
export function createSequence(model: EdgeModel, prefix: Prefix = { tokens: [] }): EdgeSequence {
  const adapter = prefix.adapter === undefined ? undefined : model.adapters.get(prefix.adapter);
  return new EdgeSequence(model, BlockTable.behind(model.blocks, prefix), adapter);
}

/** See `Decoder.forwardBatch`. */
export async function forwardBatch(model: EdgeModel, feeds: readonly Feed[]): Promise<void> {
  checkFeeds(feeds, model.plan.options.contextWindow, model.blocks);
  const parts = feeds.map((feed) => {
    const { table, adapter } = feed.sequence as EdgeSequence;
    return { ...feed, table, adapter };
  });
  try {
    for (const { table, tokens } of parts) table.reserve(tokens.length);
    model.run(parts);
  } catch (error) {
    // What was allocated is given back.
    for (const { table } of parts) table.truncate(table.length);
    throw error;
  }
  for (const { table, tokens } of parts) table.append(tokens);
}
