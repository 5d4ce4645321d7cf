import { attentionScratchBytes } from '../../../kernels/attention-layouts.ts';
import { FIRST_FREE_BYTE } from '../../../kernels/kernels.ts';
import { matrixScratchBytes } from '../../../kernels/matrix-layouts.ts';
import { type PlacedBuffers, placeBuffers } from './place-buffers.ts';
import type { EdgePlan } from './plan-graph.ts';

/** Positions of a prompt that are computed at once. More read the weights less often, and gain nothing any more. */
export const PREFILL_ROWS = 64;
/** Positions whose logits are computed at once: four share a tile of the matrix kernels. */
export const LOGITS_ROWS = 4;
/** Bytes of weights on their way from a file into the kernels' layout. */
export const STAGING_BYTES = 2 ** 18;

/** Where everything lies in the engine's WebAssembly memory, in bytes from its start. The KV cache's pages follow. */
export interface MemoryLayout {
  /** int32 [PREFILL_ROWS] each. */
  readonly tokens: number;
  readonly positions: number;
  /** uint32: the address of each page of the sequence at work. */
  readonly pageTable: number;
  readonly weights: readonly number[];
  /** Buffers of the plan; the weights' staging area while they are loaded. */
  readonly arena: number;
  readonly buffers: PlacedBuffers;
  readonly scratch: number;
  /** The first page's address. */
  readonly end: number;
}

const ALIGNMENT = 64;

/** @param separate gives every buffer a place of its own, for tests that read them all */
export function memoryLayout(plan: EdgePlan, separate = false): MemoryLayout {
  let end = FIRST_FREE_BYTE;
  const take = (bytes: number) => {
    const start = end;
    end = Math.ceil((start + bytes) / ALIGNMENT) * ALIGNMENT;
    return start;
  };
  const { windowBlocks, blockPages } = plan.cache;
  const { heads, keyValueHeads, headDimension } = plan.attention;
  const buffers = placeBuffers(plan, plan.buffers, { body: PREFILL_ROWS, head: LOGITS_ROWS }, separate);
  const arenaBytes = Math.max(buffers.bytes, STAGING_BYTES);
  const scratchBytes = Math.max(attentionScratchBytes(heads, keyValueHeads, headDimension), matrixScratchBytes(PREFILL_ROWS));
  return {
    tokens: take(PREFILL_ROWS * 4),
    positions: take(PREFILL_ROWS * 4),
    pageTable: take(windowBlocks * blockPages * 4),
    weights: plan.weights.map(({ bytes }) => take(bytes)),
    arena: take(arenaBytes),
    buffers,
    scratch: take(scratchBytes),
    end,
  };
}
