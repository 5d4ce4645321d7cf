import type { Kernels } from '../../../kernels/kernels.ts';
import type { StoredTensor } from '../graph/stored-tensor.ts';
import { type MemoryLayout, STAGING_BYTES } from '../plan/memory-layout.ts';
import type { EdgePlan } from '../plan/plan-graph.ts';
import type { EngineMemory } from '../run/engine-memory.ts';
import { type Sink, unitSink } from './sink.ts';

export interface WeightTarget {
  readonly plan: EdgePlan;
  readonly layout: MemoryLayout;
  readonly memory: EngineMemory;
  readonly kernels: Kernels;
}

export interface TensorSink {
  readonly tensor: StoredTensor;
  readonly sink: Sink;
}

/** Units by way of the staging area, where kernels can read them. */
export function stagedSink(
  { memory, layout }: WeightTarget,
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
