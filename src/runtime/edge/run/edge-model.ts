import type { Feed } from '../../../core/decoder.ts';
import type { ModelFiles } from '../../../core/folder/model-files.ts';
import { visitEventLoop } from '../../../core/visit-event-loop.ts';
import { instantiateKernels } from '../../../kernels/instantiate-kernels.ts';
import { LogitsBuffer } from '../../logits-buffer.ts';
import { LOGITS_ROWS, type MemoryLayout, memoryLayout, PREFILL_ROWS, pageTableBytes } from '../plan/memory-layout.ts';
import type { EdgePlan } from '../plan/plan-graph.ts';
import { loadWeights } from '../weights/load-weights.ts';
import type { LoadTarget } from '../weights/sink.ts';
import { groupByAdapter } from './adapted-rows.ts';
import { AdapterRoom, type LoadedAdapter } from './adapter-room.ts';
import { type BoundSteps, bindSteps } from './bind-steps.ts';
import type { BlockTable } from './block-table.ts';
import { cutIntoCalls, type Run, type RunPart } from './cut-into-calls.ts';
import { EngineMemory } from './engine-memory.ts';
import { KvBlocks } from './kv-blocks.ts';
import { bindOutputRows, type GroupRun, type OutputRows } from './output-rows.ts';
import type { Segment } from './segment.ts';

export interface EdgeModelOptions {
  /** The compiled kernels, with relaxed SIMD or without. */
  readonly kernels: WebAssembly.Module;
  /** Bytes for the KV caches of all sequences together. One sequence of the whole context window always fits. */
  readonly cacheBytes: number;
  /** Bytes of the room for adapters. Default: those of the plan, in which the largest fits */
  readonly adapterBytes?: number;
  /** Gives every buffer a place of its own, so that all of them can be read after a call. */
  readonly keepBuffers?: boolean;
}

/** What one sequence gets in a call: as `Feed`, with the blocks of its table reserved for the tokens. */
export interface TableFeed extends Omit<Feed, 'sequence'> {
  readonly table: BlockTable;
  readonly adapter?: LoadedAdapter;
}

/** A feed, and where the logits lie that are read of it, if these are few. */
interface PlacedFeed extends TableFeed {
  readonly groups: readonly GroupRun[] | undefined;
}

/** Rows that the body has computed. */
type BodyPart = RunPart<PlacedFeed> & { readonly segment: Segment };

/** A plan with its weights in memory, ready to run. */
export class EdgeModel {
  readonly plan: EdgePlan;
  readonly memory: EngineMemory;
  readonly layout: MemoryLayout;
  readonly blocks: KvBlocks;
  readonly adapters: AdapterRoom;
  /**
   * Frees what sequences hold that were dropped without being disposed: the loop of a cancelled request never
   * reaches its end.
   */
  readonly droppedSequences: FinalizationRegistry<() => void>;
  readonly #body: BoundSteps;
  readonly #head: BoundSteps;
  /** The steps of the head that make the hidden state. */
  readonly #hiddenHead: BoundSteps;
  /** The head for few tokens. */
  readonly #outputRows: OutputRows;
  /** Buffers that the body writes and the head reads. */
  readonly #handedOver: readonly number[];
  readonly #logits: LogitsBuffer;

  private constructor(
    { plan, memory, layout, kernels }: LoadTarget & { readonly memory: EngineMemory },
    adapters: AdapterRoom,
    cacheBytes: number,
  ) {
    const { blockBytes, blockPositions, windowBlocks } = plan.cache;
    const totalBlocks = Math.max(windowBlocks, Math.floor(cacheBytes / blockBytes));
    this.plan = plan;
    this.memory = memory;
    this.layout = layout;
    this.adapters = adapters;
    this.blocks = new KvBlocks(memory, { start: layout.end, blockBytes, blockPositions, totalBlocks, windowBlocks });
    this.droppedSequences = new FinalizationRegistry((free) => free());
    this.#body = bindSteps(plan.body, plan, layout, kernels);
    this.#head = bindSteps(plan.head, plan, layout, kernels);
    this.#hiddenHead = bindSteps(plan.hidden?.steps ?? [], plan, layout, kernels);
    this.#outputRows = bindOutputRows(plan, layout, memory, kernels);
    const filledByBody = new Set(plan.body.flatMap(({ writes }) => writes));
    this.#handedOver = [...new Set(plan.head.flatMap(({ reads }) => reads))].filter((buffer) => filledByBody.has(buffer));
    this.#logits = new LogitsBuffer(plan.options.vocabularySize, kernels, memory.memory, layout.sampling);
  }

  /**
   * Lays the plan out and loads its weights.
   * @throws GptEdgeError `model_unavailable` for files that are missing or damaged, or do not hold what the graph says
   */
  static async load(plan: EdgePlan, files: ModelFiles, options: EdgeModelOptions): Promise<EdgeModel> {
    await visitEventLoop();
    const { adapterBytes = plan.options.adapterBytes ?? 0 } = options;
    const layout = memoryLayout(plan, { separate: options.keepBuffers, adapterBytes });
    const memory = new EngineMemory(layout.end);
    const kernels = instantiateKernels(options.kernels, memory.memory);
    const target = { plan, layout, memory, kernels };
    await loadWeights(target, files);
    const adapters = new AdapterRoom({ files, memory, start: layout.adapters, bytes: adapterBytes, products: plan.adaptable });
    return new EdgeModel(target, adapters, options.cacheBytes);
  }

  /**
   * Appends the tokens of all feeds to the KV cache, in the blocks of their tables. The body runs for PREFILL_ROWS rows
   * at a time, whichever feeds they belong to, and the head for those of them whose logits or hidden states are wanted.
   * Feeds of the same adapter come next to each other.
   */
  run(feeds: readonly TableFeed[]): void {
    const placed = feeds.map((feed): PlacedFeed => ({ ...feed, groups: feed.wanted && this.#outputRows.groupsOf(feed.wanted) }));
    // Those that want few tokens have the head for themselves, and shall not part the others.
    const ordered = [...placed.filter(({ groups }) => !groups), ...placed.filter(({ groups }) => groups)];
    const runs = groupByAdapter(ordered).map((feed) => ({ owner: feed, rows: feed.tokens.length }));
    for (const parts of cutIntoCalls(runs, PREFILL_ROWS)) {
      const segments = parts.map((part, index) => this.#place(part, index));
      this.#body(segments);
      const wanted = parts.map((part, index) => ({ owner: { ...part, segment: segments[index] }, rows: wantedRows(part) }));
      for (const rows of cutIntoKinds(wanted).flatMap((run) => cutIntoCalls(run, LOGITS_ROWS))) this.#readRows(rows);
    }
  }

  /** Writes what a call of the body reads besides weights: tokens, positions, and a page table for each part. */
  #place({ owner: feed, start, firstRow, rows }: RunPart<PlacedFeed>, index: number): Segment {
    const { i32 } = this.memory.views;
    const { tokens, positions } = this.layout;
    const position = feed.table.length + start;
    for (let row = 0; row < rows; row++) {
      i32[(tokens >> 2) + firstRow + row] = feed.tokens[start + row];
      i32[(positions >> 2) + firstRow + row] = position + row;
    }
    return { firstRow, rows, position, pageTable: this.#placePageTable(feed.table, index), adapter: feed.adapter };
  }

  /** Writes the addresses of a sequence's pages into the page table of this index, and returns that table's address. */
  #placePageTable({ addresses }: BlockTable, index: number): number {
    const { blockPages, pageStride } = this.plan.cache;
    const { u32 } = this.memory.views;
    const pageTable = this.layout.pageTables + index * pageTableBytes(this.plan);
    let entry = pageTable >> 2;
    for (const block of addresses) for (let page = 0; page < blockPages; page++) u32[entry++] = block + page * pageStride;
    return pageTable;
  }

  /**
   * Runs the head for up to LOGITS_ROWS of the rows that the body has computed, and lends what it gives: logits, or
   * hidden states. What the body made for them moves to the first rows of its buffers, because the kernels take rows that
   * lie side by side.
   */
  #readRows(parts: readonly RunPart<BodyPart>[]): void {
    const segments = parts.map(({ owner: { segment, ...part }, start, firstRow, rows }) => {
      const skipped = part.rows - wantedRows(part) + start;
      this.#moveRows(segment.firstRow + skipped, firstRow, rows);
      return { ...segment, firstRow, rows, position: segment.position + skipped };
    });
    const { readHidden, groups } = parts[0].owner.owner;
    if (readHidden) this.#hiddenHead(segments);
    else if (groups) this.#outputRows.compute(segments[0], groups);
    else this.#head(segments);
    for (const [index, { owner, firstRow, rows }] of parts.entries()) {
      const { tokens, table, rows: all, read, readHidden } = owner.owner;
      const firstIndex = segments[index].position - table.length - (tokens.length - all);
      for (let row = 0; row < rows; row++)
        if (readHidden) readHidden(this.#hiddenOfRow(firstRow + row), firstIndex + row);
        else read(this.#logitsOfRow(firstRow + row), firstIndex + row);
    }
  }

  /** Moves rows that the body made for the head. They never move backwards, so that no row is lost that is still wanted. */
  #moveRows(from: number, to: number, rows: number): void {
    if (from === to) return;
    const { tokens, positions, arena, buffers } = this.layout;
    const { u8 } = this.memory.views;
    const move = (start: number, stride: number) =>
      u8.copyWithin(start + to * stride, start + from * stride, start + (from + rows) * stride);
    move(tokens, 4);
    move(positions, 4);
    for (const buffer of this.#handedOver) move(arena + buffers.offsets[buffer], this.plan.buffers[buffer].stride);
  }

  #hiddenOfRow(row: number): Float32Array {
    const { buffer, offset, width } = this.plan.hidden!;
    const start = this.layout.arena + this.layout.buffers.offsets[buffer] + row * this.plan.buffers[buffer].stride + offset;
    return this.memory.views.f32.subarray(start >> 2, (start >> 2) + width);
  }

  #logitsOfRow(row: number): LogitsBuffer {
    const { buffers, logits } = this.plan;
    return this.#logits.moveTo(this.layout.arena + this.layout.buffers.offsets[logits] + row * buffers[logits].stride);
  }
}

/**
 * Cuts a list of rows where those whose logits are wanted, those whose hidden states are, and those that want few tokens
 * follow each other. Each of the latter is a list of its own. The order stays, because rows that were moved for one call
 * of the head lie where earlier ones were.
 */
function cutIntoKinds<T extends Run<BodyPart>>(wanted: readonly T[]): T[][] {
  const kinds: T[][] = [];
  const kindOf = ({ owner: { owner: feed } }: T) => feed.groups ?? feed.readHidden === undefined;
  for (const run of wanted.filter(({ rows }) => rows > 0))
    if (kinds.length > 0 && kindOf(kinds.at(-1)![0]) === kindOf(run)) kinds.at(-1)!.push(run);
    else kinds.push([run]);
  return kinds;
}

/** How many of a part's rows have their logits read: the last ones. */
function wantedRows({ owner: { tokens, rows: all }, start, rows }: RunPart<TableFeed>): number {
  return Math.max(0, Math.min(rows, start + rows - (tokens.length - all)));
}
