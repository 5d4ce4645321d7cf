import { PAGE_POSITIONS } from '../../kernels/attention-layouts.ts';
import { instantiateKernels } from '../../kernels/instantiate-kernels.ts';
import type { Kernels } from '../../kernels/kernels.ts';
import type { ModelFiles } from '../../model/model-files.ts';
import { type BoundSteps, bindSteps } from './bind-steps.ts';
import { EngineMemory } from './engine-memory.ts';
import { KvPages } from './kv-pages.ts';
import { LOGITS_ROWS, type MemoryLayout, memoryLayout, PREFILL_ROWS } from './memory-layout.ts';
import type { EdgePlan } from './plan/plan-graph.ts';
import { loadWeights } from './weights/load-weights.ts';

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
  readonly pages: KvPages;
  /** Gives back what sequences hold that were dropped undisposed: the loop of a cancelled request never gets to its end. */
  readonly forgotten: FinalizationRegistry<{ pages: number[] }>;
  readonly #every: BoundSteps;
  readonly #last: BoundSteps;

  private constructor(plan: EdgePlan, memory: EngineMemory, layout: MemoryLayout, kernels: Kernels, cacheBytes: number) {
    const windowPages = Math.ceil(plan.options.contextWindow / PAGE_POSITIONS);
    // A fork copies its last page before the other is given back.
    const maxPages = Math.max(windowPages + 1, Math.floor(cacheBytes / plan.pageBytes));
    this.plan = plan;
    this.memory = memory;
    this.layout = layout;
    this.pages = new KvPages(memory, { start: layout.end, pageBytes: plan.pageBytes, maxPages });
    this.forgotten = new FinalizationRegistry(({ pages }) => this.pages.releaseAll(pages));
    this.#every = bindSteps(plan, 'every', layout, kernels);
    this.#last = bindSteps(plan, 'last', layout, kernels);
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
   * Appends tokens behind `position` to the cache in `pages`.
   * @returns the logits after each of the last `rows` of them, [rows, vocabularySize]; valid until the next call
   */
  run(tokens: readonly number[], position: number, pages: readonly number[], rows: number): Float32Array {
    const { u32 } = this.memory.views;
    u32.set(pages, this.layout.pageTable >> 2);
    const logits = new LogitsRows(this, rows);
    for (let start = 0; start < tokens.length; start += PREFILL_ROWS) {
      const chunk = tokens.slice(start, start + PREFILL_ROWS);
      this.#runChunk(chunk, position + start, Math.max(0, rows - (tokens.length - start - chunk.length)), logits);
    }
    return logits.all();
  }

  /** @param wanted of how many of the chunk's last tokens logits are wanted; more than it has where earlier ones have had theirs */
  #runChunk(tokens: readonly number[], position: number, wanted: number, logits: LogitsRows): void {
    const { i32 } = this.memory.views;
    i32.set(tokens, this.layout.tokens >> 2);
    for (let row = 0; row < tokens.length; row++) i32[(this.layout.positions >> 2) + row] = position + row;
    this.#every({ rows: tokens.length, position, firstRow: 0 });
    for (let row = Math.max(0, tokens.length - wanted); row < tokens.length; row += LOGITS_ROWS) {
      const rows = Math.min(LOGITS_ROWS, tokens.length - row);
      this.#last({ rows, position: position + row, firstRow: row });
      logits.add(rows);
    }
  }
}

/** Collects logits out of the engine's memory, which has room for a few rows. A single row stays where it is. */
class LogitsRows {
  readonly #model: EdgeModel;
  readonly #width: number;
  readonly #collected: Float32Array | undefined;
  #rows = 0;

  constructor(model: EdgeModel, rows: number) {
    this.#model = model;
    this.#width = model.plan.options.vocabularySize;
    this.#collected = rows === 1 ? undefined : new Float32Array(rows * this.#width);
  }

  add(count: number): void {
    if (this.#collected) for (let row = 0; row < count; row++) this.#collected.set(this.#row(row), this.#rows++ * this.#width);
  }

  all(): Float32Array {
    return this.#collected ?? this.#row(0);
  }

  #row(index: number): Float32Array {
    const { plan, layout, memory } = this.#model;
    const start = layout.arena + layout.buffers.offsets[plan.logits] + index * plan.buffers[plan.logits].stride;
    return memory.views.f32.subarray(start >> 2, (start >> 2) + this.#width);
  }
}
