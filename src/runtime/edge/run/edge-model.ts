import type { ModelFiles } from '../../../core/folder/model-files.ts';
import { instantiateKernels } from '../../../kernels/instantiate-kernels.ts';
import type { Kernels } from '../../../kernels/kernels.ts';
import { LOGITS_ROWS, type MemoryLayout, memoryLayout, PREFILL_ROWS } from '../plan/memory-layout.ts';
import type { EdgePlan } from '../plan/plan-graph.ts';
import { loadWeights } from '../weights/load-weights.ts';
import { type BoundSteps, bindSteps } from './bind-steps.ts';
import { EngineMemory } from './engine-memory.ts';
import { KvChunks } from './kv-blocks.ts';

export interface EdgeModelOptions {
  /** The kernels, relaxed or plain. */
  readonly kernels: WebAssembly.Module;
  /** For the KV caches of all sequences together. One of the whole context window always fits. */
  readonly cacheBytes: number;
  /** Gives every buffer a place of its own, so that all can be read after a call. */
  readonly keepBuffers?: boolean;
}

/** A plan with its weights in memory, ready to run. */
export class EdgeModel {
  readonly plan: EdgePlan;
  readonly memory: EngineMemory;
  readonly layout: MemoryLayout;
  readonly chunks: KvChunks;
  /** Gives back what sequences hold that were dropped undisposed: the loop of a cancelled request never gets to its end. */
  readonly forgotten: FinalizationRegistry<{ readonly chunks: number[] }>;
  readonly #every: BoundSteps;
  readonly #last: BoundSteps;

  private constructor(plan: EdgePlan, memory: EngineMemory, layout: MemoryLayout, kernels: Kernels, cacheBytes: number) {
    const { blockBytes: chunkBytes, windowBlocks: windowChunks } = plan.cache;
    // Of a sequence of the whole window, one fork at a time fits too: it copies the last chunk.
    const maxChunks = Math.max(windowChunks + 1, Math.floor(cacheBytes / chunkBytes));
    this.plan = plan;
    this.memory = memory;
    this.layout = layout;
    this.chunks = new KvChunks(memory, { start: layout.end, chunkBytes, maxChunks });
    this.forgotten = new FinalizationRegistry(({ chunks }) => this.chunks.releaseAll(chunks));
    this.#every = bindSteps(plan, 'body', layout, kernels);
    this.#last = bindSteps(plan, 'head', layout, kernels);
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
   * Appends tokens behind `position` to the cache in `chunks`.
   * @param logits is given those after each of its length's last tokens: [rows, vocabularySize]. They lie outside of the engine's memory,
   *   where the next call of any sequence writes its own, and which may move when it grows
   */
  run(tokens: readonly number[], position: number, chunks: readonly number[], logits: Float32Array): void {
    const { blockPages: chunkPages, pageStride } = this.plan.cache;
    const pages = chunks.flatMap((chunk) => Array.from({ length: chunkPages }, (_, page) => chunk + page * pageStride));
    this.memory.views.u32.set(pages, this.layout.pageTable >> 2);
    const rows = logits.length / this.plan.options.vocabularySize;
    for (let start = 0; start < tokens.length; start += PREFILL_ROWS) {
      const chunk = tokens.slice(start, start + PREFILL_ROWS);
      const behind = tokens.length - start - chunk.length;
      this.#runChunk(chunk, position + start);
      for (let row = Math.max(0, chunk.length + behind - rows); row < chunk.length; row += LOGITS_ROWS)
        this.#runLast(Math.min(LOGITS_ROWS, chunk.length - row), position + start + row, row, logits, row + rows - chunk.length - behind);
    }
  }

  #runChunk(tokens: readonly number[], position: number): void {
    const { i32 } = this.memory.views;
    i32.set(tokens, this.layout.tokens >> 2);
    for (let row = 0; row < tokens.length; row++) i32[(this.layout.positions >> 2) + row] = position + row;
    this.#every({ rows: tokens.length, position, firstRow: 0 });
  }

  /** Logits of `count` rows of a chunk from `firstRow` on, into `logits` from the row `target` on. */
  #runLast(count: number, position: number, firstRow: number, logits: Float32Array, target: number): void {
    this.#last({ rows: count, position, firstRow });
    const { buffers, options, logits: buffer } = this.plan;
    const start = this.layout.arena + this.layout.buffers.offsets[buffer];
    for (let row = 0; row < count; row++) {
      const from = (start + row * buffers[buffer].stride) >> 2;
      logits.set(this.memory.views.f32.subarray(from, from + options.vocabularySize), (target + row) * options.vocabularySize);
    }
  }
}
