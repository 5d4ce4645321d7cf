import type { Sequence } from '../../../core/decoder.ts';
import { GptEdgeError } from '../../../core/errors.ts';
import type { Logits } from '../../../core/logits.ts';
import type { EdgeModel } from './edge-model.ts';

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

  async forward(tokens: readonly number[], rows = 1): Promise<Float32Array> {
    const { vocabularySize } = this.#model.plan.options;
    const copy = new Float32Array(rows * vocabularySize);
    await this.forwardEach(tokens, rows, ({ values }, row) => copy.set(values, row * vocabularySize));
    return copy;
  }

  async forwardEach(tokens: readonly number[], rows: number, read: (logits: Logits, row: number) => void): Promise<void> {
    const { contextWindow } = this.#model.plan.options;
    const length = this.#length + tokens.length;
    if (length > contextWindow)
      throw new GptEdgeError('context_length_exceeded', `The context window is ${contextWindow} tokens; ${length} were fed.`);
    this.#reserve(length);
    this.#model.run(tokens, this.#length, this.#blockTable, rows, read);
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
    this.#model.blocks.free(this.#blockTable);
    this.#length = 0;
  }

  /** Allocates the blocks for so many positions: all of them, or none. */
  #reserve(length: number): void {
    const { blocks, plan } = this.#model;
    const before = this.#blockTable.length;
    try {
      while (this.#blockTable.length * plan.cache.blockPositions < length) this.#blockTable.push(blocks.allocate());
    } catch (error) {
      blocks.free(this.#blockTable, before);
      throw error;
    }
  }
}
