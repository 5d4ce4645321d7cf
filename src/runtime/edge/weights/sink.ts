import type { Kernels } from '../../../kernels/kernels.ts';
import type { MemoryViews } from '../../../kernels/memory-views.ts';
import type { StoredTensor } from '../graph/stored-tensor.ts';
import { type MemoryLayout, STAGING_BYTES } from '../plan/memory-layout.ts';
import type { EdgePlan } from '../plan/plan-graph.ts';

/** Where weights are loaded: a plan, laid out in a memory, with the kernels that pack weights there. */
export interface LoadTarget {
  readonly plan: EdgePlan;
  readonly layout: MemoryLayout;
  readonly memory: { readonly views: MemoryViews };
  readonly kernels: Kernels;
}

/** Takes a tensor's bytes in order, in pieces of any length. */
export interface Sink {
  write(piece: Uint8Array): void;
}

/** A stored tensor, and the sink that takes its bytes. */
export interface TensorSink {
  readonly tensor: StoredTensor;
  readonly sink: Sink;
}

/**
 * Makes a sink that passes on whole units of `unit` bytes: `count` of them, the first of which is unit number `first`.
 * A unit that is split across pieces is buffered until it is complete.
 */
export function unitSink(unit: number, consume: (units: Uint8Array, first: number, count: number) => void): Sink {
  const split = new Uint8Array(unit);
  let buffered = 0;
  let first = 0;
  return {
    write(piece) {
      let at = 0;
      if (buffered > 0) {
        at = Math.min(unit - buffered, piece.length);
        split.set(piece.subarray(0, at), buffered);
        buffered += at;
        if (buffered < unit) return;
        consume(split, first++, 1);
      }
      const count = Math.floor((piece.length - at) / unit);
      if (count > 0) consume(piece.subarray(at, at + count * unit), first, count);
      first += count;
      buffered = piece.length - at - count * unit;
      split.set(piece.subarray(piece.length - buffered));
    },
  };
}

/**
 * Makes a sink that copies units into the staging area, where kernels can read them, and passes on their address there.
 * It passes on as many units in one go as the staging area holds.
 */
export function stagedSink(
  { memory, layout }: LoadTarget,
  unit: number,
  consume: (source: number, first: number, count: number) => void,
): Sink {
  const most = Math.floor(STAGING_BYTES / unit);
  return unitSink(unit, (units, first, count) => {
    for (let done = 0; done < count; done += most) {
      const some = Math.min(most, count - done);
      memory.views.u8.set(units.subarray(done * unit, (done + some) * unit), layout.arena);
      consume(layout.arena, first + done, some);
    }
  });
}

/**
 * Makes a sink that collects all of a tensor, which has to be small, and passes it on once it is complete. It holds
 * memory only from the first piece to the last.
 */
export function wholeSink(bytes: number, consume: (whole: Uint8Array<ArrayBuffer>) => void): Sink {
  let whole: Uint8Array<ArrayBuffer> | undefined;
  let filled = 0;
  return {
    write(piece) {
      whole ??= new Uint8Array(bytes);
      whole.set(piece, filled);
      filled += piece.length;
      if (filled < bytes) return;
      consume(whole);
      whole = undefined;
    },
  };
}
