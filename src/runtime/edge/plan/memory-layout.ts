import { attentionScratchBytes } from '../../../kernels/attention-layouts.ts';
import { FIRST_FREE_BYTE } from '../../../kernels/kernels.ts';
import { lowRankScratchBytes, matrixScratchBytes } from '../../../kernels/matrix-layouts.ts';
import { paddedVocabulary } from '../../../kernels/vocabulary-kernels.ts';
import type { LogitsScratch } from '../../logits-buffer.ts';
import { type PlacedBuffers, placeBuffers, toCacheLines } from './place-buffers.ts';
import type { EdgePlan } from './plan-graph.ts';

/**
 * Positions of a prompt that one call of the body computes. With more, the weights would be read less often, but no
 * speed was gained in measurements.
 */
export const PREFILL_ROWS = 64;
/**
 * Positions whose logits one call of the head computes. So many sequences that decode together read the head's weights
 * only once, and with more the logits would take memory: 0.2 MB a row with a vocabulary of 49,152.
 */
export const LOGITS_ROWS = 8;
/** Bytes of the staging area, through which weights pass on their way from a file into the kernels' layout. */
export const STAGING_BYTES = 2 ** 18;

/**
 * Where everything lies in the engine's WebAssembly memory, as addresses in bytes. The blocks of the KV cache follow.
 */
export interface MemoryLayout {
  /** The token ids of a call: int32 [PREFILL_ROWS]. */
  readonly tokens: number;
  /** The positions of a call: int32 [PREFILL_ROWS]. */
  readonly positions: number;
  /**
   * A page table for each sequence of a call, which has a row for each of them at least: the addresses of the
   * sequence's pages, uint32 [PREFILL_ROWS][pages of the context window].
   */
  readonly pageTables: number;
  /** The address of each weight of the plan. */
  readonly weights: readonly number[];
  /** The room for adapters. */
  readonly adapters: number;
  /** The plan's buffers. While weights are loaded, the staging area lies here. */
  readonly arena: number;
  readonly buffers: PlacedBuffers;
  /** Scratch memory of the kernels. */
  readonly scratch: number;
  /** What choosing a token needs besides its logits, which lie in the arena. */
  readonly sampling: LogitsScratch;
  /** The first byte after all of the above, where the first block of the KV cache begins. */
  readonly end: number;
}

/** Bytes of the page table of one sequence. */
export function pageTableBytes({ cache: { windowBlocks, blockPages } }: Pick<EdgePlan, 'cache'>): number {
  return windowBlocks * blockPages * 4;
}

/**
 * Lays out a plan's memory.
 * @param options.separate gives every buffer a place of its own, for tests that read them all
 * @param options.adapterBytes bytes of the room for adapters. Default: those of the plan
 */
export function memoryLayout(
  plan: EdgePlan,
  { separate = false, adapterBytes = plan.options.adapterBytes ?? 0 }: { separate?: boolean; adapterBytes?: number } = {},
): MemoryLayout {
  let end = FIRST_FREE_BYTE;
  const allocate = (bytes: number) => {
    const start = end;
    end = toCacheLines(start + bytes);
    return start;
  };
  const { heads, keyValueHeads, headDimension } = plan.attention;
  const buffers = placeBuffers(plan, plan.buffers, { body: PREFILL_ROWS, head: LOGITS_ROWS }, separate);
  const arenaBytes = Math.max(buffers.bytes, STAGING_BYTES);
  const adapted = [...plan.adaptable.values()].map(({ inputs }) => lowRankScratchBytes(inputs));
  const attention = attentionScratchBytes(heads, keyValueHeads, headDimension);
  const scratchBytes = Math.max(attention, matrixScratchBytes(PREFILL_ROWS), ...adapted);
  const vocabularyBytes = 4 * paddedVocabulary(plan.options.vocabularySize);
  return {
    tokens: allocate(PREFILL_ROWS * 4),
    positions: allocate(PREFILL_ROWS * 4),
    pageTables: allocate(PREFILL_ROWS * pageTableBytes(plan)),
    weights: plan.weights.map(({ bytes }) => allocate(bytes)),
    adapters: allocate(adapterBytes),
    arena: allocate(arenaBytes),
    buffers,
    scratch: allocate(scratchBytes),
    sampling: { weights: allocate(vocabularyBytes), ids: allocate(vocabularyBytes) },
    end,
  };
}
