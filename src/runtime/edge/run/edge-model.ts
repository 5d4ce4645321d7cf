import type { ModelFiles } from '../../../core/folder/model-files.ts';
import type { Logits } from '../../../core/logits.ts';
import { instantiateKernels } from '../../../kernels/instantiate-kernels.ts';
import type { Kernels } from '../../../kernels/kernels.ts';
import { LogitsBuffer } from '../../logits-buffer.ts';
import { LOGITS_ROWS, type MemoryLayout, memoryLayout, PREFILL_ROWS } from '../plan/memory-layout.ts';
import type { EdgePlan } from '../plan/plan-graph.ts';
import { loadWeights } from '../weights/load-weights.ts';
import { type BoundSteps, bindSteps } from './bind-steps.ts';
import { EngineMemory } from './engine-memory.ts';
import { KvBlocks } from './kv-blocks.ts';

export interface EdgeModelOptions {
  /** The compiled kernels, with relaxed SIMD or without. */
  readonly kernels: WebAssembly.Module;
  /** Bytes for the KV caches of all sequences together. One sequence of the whole context window always fits. */
  readonly cacheBytes: number;
  /** Gives every buffer a place of its own, so that all of them can be read after a call. */
  readonly keepBuffers?: boolean;
}

/** A plan with its weights in memory, ready to run. */
export class EdgeModel {
  readonly plan: EdgePlan;
  readonly memory: EngineMemory;
  readonly layout: MemoryLayout;
  readonly blocks: KvBlocks;
  /**
   * Frees the blocks of sequences that were dropped without being disposed: the loop of a cancelled request never
   * reaches its end.
   */
  readonly droppedSequences: FinalizationRegistry<number[]>;
  readonly #body: BoundSteps;
  readonly #head: BoundSteps;
  readonly #logits: LogitsBuffer;

  private constructor(plan: EdgePlan, memory: EngineMemory, layout: MemoryLayout, kernels: Kernels, cacheBytes: number) {
    const { blockBytes, blockPositions, windowBlocks } = plan.cache;
    // Even a sequence of the whole window can be forked, one fork at a time: the fork copies the last block.
    const totalBlocks = Math.max(windowBlocks + 1, Math.floor(cacheBytes / blockBytes));
    this.plan = plan;
    this.memory = memory;
    this.layout = layout;
    this.blocks = new KvBlocks(memory, { start: layout.end, blockBytes, blockPositions, totalBlocks });
    this.droppedSequences = new FinalizationRegistry((blockTable) => this.blocks.release(blockTable));
    this.#body = bindSteps(plan, 'body', layout, kernels);
    this.#head = bindSteps(plan, 'head', layout, kernels);
    this.#logits = new LogitsBuffer(plan.options.vocabularySize, kernels, memory.memory, layout.sampling);
  }

  /**
   * Lays the plan out and loads its weights.
   * @throws GptEdgeError `model_unavailable` for files that are missing or damaged, or do not hold what the graph says
   */
  static async load(plan: EdgePlan, files: ModelFiles, options: EdgeModelOptions): Promise<EdgeModel> {
    const layout = memoryLayout(plan, options.keepBuffers);
    const memory = new EngineMemory(layout.end);
    const kernels = instantiateKernels(options.kernels, memory.memory);
    await loadWeights({ plan, layout, memory, kernels }, files);
    return new EdgeModel(plan, memory, layout, kernels, options.cacheBytes);
  }

  /**
   * Appends tokens to the KV cache in the blocks of `blockTable`; the first of them gets the position `position`. The
   * body runs for slices of PREFILL_ROWS tokens, and the head for those rows of each slice whose logits are wanted.
   * @param read gets the logits after each of the last `rows` tokens, where the head wrote them. They are valid only
   *   until `read` returns, because the next call of any sequence writes its own logits there, and growing the memory
   *   detaches all views of it
   */
  run(
    tokens: readonly number[],
    position: number,
    blockTable: readonly number[],
    rows: number,
    read: (logits: Logits, row: number) => void,
  ): void {
    this.#setPageTable(blockTable);
    const firstRead = tokens.length - rows;
    for (let start = 0; start < tokens.length; start += PREFILL_ROWS) {
      const slice = tokens.slice(start, start + PREFILL_ROWS);
      this.#runBody(slice, position + start);
      for (let row = Math.max(0, firstRead - start); row < slice.length; row += LOGITS_ROWS) {
        const count = Math.min(LOGITS_ROWS, slice.length - row);
        this.#head({ rows: count, position: position + start + row, firstRow: row });
        for (let index = 0; index < count; index++) read(this.#logitsOfRow(index), start + row + index - firstRead);
      }
    }
  }

  /** Puts logits [vocabularySize] where the head writes its first row. */
  loadLogits(values: Float32Array): Logits {
    return this.#logitsOfRow(0).load(values);
  }

  #setPageTable(blockTable: readonly number[]): void {
    const { blockPages, pageStride } = this.plan.cache;
    const pages = blockTable.flatMap((block) => Array.from({ length: blockPages }, (_, page) => block + page * pageStride));
    this.memory.views.u32.set(pages, this.layout.pageTable >> 2);
  }

  #runBody(tokens: readonly number[], position: number): void {
    const { i32 } = this.memory.views;
    i32.set(tokens, this.layout.tokens >> 2);
    for (let row = 0; row < tokens.length; row++) i32[(this.layout.positions >> 2) + row] = position + row;
    this.#body({ rows: tokens.length, position, firstRow: 0 });
  }

  #logitsOfRow(row: number): LogitsBuffer {
    const { buffers, logits } = this.plan;
    return this.#logits.moveTo(this.layout.arena + this.layout.buffers.offsets[logits] + row * buffers[logits].stride);
  }
}
