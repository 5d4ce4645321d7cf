import { float16Value } from '../../../core/float16.ts';
import { TensorProto_DataType as ElementType } from '../../../core/onnx/onnx-ml_pb.js';
import type { StoredTensor } from '../graph/stored-tensor.ts';
import type { PlannedWeight } from '../plan/planned-weight.ts';
import { quantizedSinks } from './quantized-sinks.ts';
import { type LoadTarget, type Sink, stagedSink, type TensorSink, unitSink } from './sink.ts';

/**
 * Makes the sinks for a weight's tensors, which may be written in any order. `address` is where the weight will lie.
 */
export function weightSinks(target: LoadTarget, weight: PlannedWeight, address: number): TensorSink[] {
  const { layout, elements } = weight;
  if (layout === 'q4' || layout === 'q8') return quantizedSinks(target, weight, address);
  return [{ tensor: elements, sink: layout === 'plain' ? plainSink(target, elements, address) : matrixSink(target, weight, address) }];
}

/** Copies float32, or widens float16 to it. */
function plainSink({ memory }: LoadTarget, { type }: StoredTensor, address: number): Sink {
  if (type === ElementType.FLOAT) return unitSink(4, (units, first) => memory.views.u8.set(units, address + first * 4));
  return unitSink(2, (units, first, count) => {
    const { f32 } = memory.views;
    for (let i = 0; i < count; i++) f32[(address >> 2) + first + i] = float16Value(units[2 * i] | (units[2 * i + 1] << 8));
  });
}

/** Packs the elements of a matrix in floating point. */
function matrixSink(target: LoadTarget, { layout, outputs, inputs, transposed }: PlannedWeight, address: number): Sink {
  const { kernels } = target;
  const pack = layout === 'f16' ? kernels.packF16 : kernels.packF32;
  return stagedSink(target, layout === 'f16' ? 2 : 4, (source, first, count) =>
    pack(source, first, count, address, outputs, inputs, transposed ? 1 : 0),
  );
}
