import { TensorProto_DataType as ElementType } from '../../../core/onnx/onnx-ml_pb.js';
import { BLOCK_INPUTS } from '../../../kernels/matrix-layouts.ts';
import { STAGING_BYTES } from '../plan/memory-layout.ts';
import type { PlannedWeight } from '../plan/planned-weight.ts';
import { wholeSink } from './sink.ts';
import { stagedSink, type TensorSink, type WeightTarget } from './staged-sink.ts';

/** Codes are scattered as they come. So are scales, unless zero points belong to them: then both are collected, a small part of the matrix. */
export function quantizedSinks(target: WeightTarget, weight: PlannedWeight, address: number): TensorSink[] {
  const { kernels } = target;
  const { layout, inputs, outputs, elements, zeroPoints, blockSize = BLOCK_INPUTS } = weight;
  const scales = weight.scales!;
  const q4 = layout === 'q4';
  const packCodes = q4 ? kernels.packQ4Codes : kernels.packQ8Codes;
  const codes = stagedSink(target, q4 ? 16 : 32, (source, first, count) => packCodes(source, first, count, address, inputs));
  const sinks: TensorSink[] = [{ tensor: elements, sink: codes }];
  const row = Math.ceil(inputs / blockSize) * 4;
  const repeat = blockSize / BLOCK_INPUTS;
  if (!zeroPoints && repeat === 1) {
    const sink = stagedSink(target, row, (source, first, count) => {
      if (q4) kernels.packQ4Scales(source, 0, 0, first, count, address, inputs);
      else kernels.packQ8Scales(source, first, count, address, inputs);
    });
    return [...sinks, { tensor: scales, sink }];
  }
  const parts: { scales?: Float32Array; zeroPoints?: Float32Array } = {};
  const packWhenComplete = () => {
    if (parts.scales && (parts.zeroPoints || !zeroPoints)) packRows(target, weight, address, parts.scales, parts.zeroPoints, repeat);
  };
  sinks.push({
    tensor: scales,
    sink: wholeSink(scales.byteLength, (bytes) => {
      parts.scales = new Float32Array(bytes.buffer);
      packWhenComplete();
    }),
  });
  if (zeroPoints)
    sinks.push({
      tensor: zeroPoints,
      sink: wholeSink(zeroPoints.byteLength, (bytes) => {
        parts.zeroPoints = zeroPoints.type === ElementType.FLOAT ? new Float32Array(bytes.buffer) : unpack(bytes, outputs, row / 4);
        packWhenComplete();
      }),
    });
  return sinks;
}

/** Packed zero points, 4 bits each, low first, a row padded to whole bytes: float32 [outputs, blocks]. */
function unpack(bytes: Uint8Array, outputs: number, blocks: number): Float32Array {
  const rowBytes = Math.ceil(blocks / 2);
  return Float32Array.from({ length: outputs * blocks }, (_, index) => {
    const block = index % blocks;
    return (bytes[((index - block) / blocks) * rowBytes + (block >> 1)] >> ((block & 1) * 4)) & 15;
  });
}

/** Scales and zero points of all rows, as many at once as the staging area holds, each repeated for every block of the kernels. */
function packRows(
  { memory, layout, kernels }: WeightTarget,
  weight: PlannedWeight,
  address: number,
  scales: Float32Array,
  zeroPoints: Float32Array | undefined,
  repeat: number,
): void {
  const { outputs, inputs } = weight;
  const stored = scales.length / outputs;
  const blocks = stored * repeat;
  const most = Math.max(1, Math.floor(STAGING_BYTES / (blocks * 8)));
  const { f32 } = memory.views;
  for (let first = 0; first < outputs; first += most) {
    const rows = Math.min(most, outputs - first);
    const second = layout.arena + rows * blocks * 4;
    for (let index = 0; index < rows * blocks; index++) {
      const source = first * stored + Math.floor(index / repeat);
      f32[(layout.arena >> 2) + index] = scales[source];
      if (zeroPoints) f32[(second >> 2) + index] = zeroPoints[source];
    }
    if (weight.layout === 'q8') kernels.packQ8Scales(layout.arena, first, rows, address, inputs);
    else kernels.packQ4Scales(layout.arena, second, zeroPoints ? 2 : 0, first, rows, address, inputs);
  }
}
