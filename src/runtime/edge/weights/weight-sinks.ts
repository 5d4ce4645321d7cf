import type { Kernels } from '../../../kernels/kernels.ts';
import { TensorProto_DataType as ElementType } from '../../../model/onnx/onnx-ml_pb.js';
import type { EngineMemory } from '../engine-memory.ts';
import type { StoredTensor } from '../graph/stored-tensor.ts';
import { type MemoryLayout, STAGING_BYTES } from '../memory-layout.ts';
import type { EdgePlan } from '../plan/plan-graph.ts';
import type { PlannedWeight } from '../plan/planned-weight.ts';
import { float16Value } from './float16.ts';
import { quantizedSinks } from './quantized-sinks.ts';
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

/** Where the bytes of a weight's tensors go, in what order ever they come. */
export function weightSinks(target: WeightTarget, weight: PlannedWeight, address: number): TensorSink[] {
  const { layout, elements } = weight;
  if (layout === 'q4' || layout === 'q8') return quantizedSinks(target, weight, address);
  return [{ tensor: elements, sink: layout === 'plain' ? plainSink(target, elements, address) : matrixSink(target, weight, address) }];
}

/** float32 as it comes, or from float16. */
function plainSink({ memory }: WeightTarget, { type, byteLength }: StoredTensor, address: number): Sink {
  if (type === ElementType.FLOAT) return unitSink(byteLength, 4, (units, first) => memory.views.u8.set(units, address + first * 4));
  return unitSink(byteLength, 2, (units, first, count) => {
    const { f32 } = memory.views;
    for (let i = 0; i < count; i++) f32[(address >> 2) + first + i] = float16Value(units[2 * i] | (units[2 * i + 1] << 8));
  });
}

function matrixSink(target: WeightTarget, { layout, elements, outputs, inputs, transposed }: PlannedWeight, address: number): Sink {
  const { kernels } = target;
  const pack = layout === 'f16' ? kernels.packF16 : kernels.packF32;
  return stagedSink(target, elements.byteLength, layout === 'f16' ? 2 : 4, (source, first, count) =>
    pack(source, first, count, address, outputs, inputs, transposed ? 1 : 0),
  );
}

/** Units by way of the staging area, where kernels can read them. */
export function stagedSink(
  { memory, layout }: WeightTarget,
  bytes: number,
  unit: number,
  consume: (source: number, first: number, count: number) => void,
): Sink {
  const most = Math.floor(STAGING_BYTES / unit);
  return unitSink(bytes, unit, (units, first, count) => {
    for (let done = 0; done < count; done += most) {
      const some = Math.min(most, count - done);
      memory.views.u8.set(units.subarray(done * unit, (done + some) * unit), layout.arena);
      consume(layout.arena, first + done, some);
    }
  });
}
