import { TensorProto_DataType as ElementType } from '../../../core/onnx/onnx-ml_pb.js';
import { BLOCK_INPUTS } from '../../../kernels/matrix-layouts.ts';
import { STAGING_BYTES } from '../plan/memory-layout.ts';
import type { PlannedWeight } from '../plan/planned-weight.ts';
import { type LoadTarget, type Sink, stagedSink, type TensorSink, wholeSink } from './sink.ts';

/**
 * Makes the sinks for the tensors of a quantized matrix. Codes are packed as they come. So are scales, if each is for
 * one block of the kernels and has no zero point. Otherwise scales and zero points, a small part of the matrix, are
 * collected first.
 */
export function quantizedSinks(target: LoadTarget, weight: PlannedWeight, address: number): TensorSink[] {
  const codes: TensorSink = { tensor: weight.elements, sink: codesSink(target, weight, address) };
  if (weight.zeroPoints || repeatOf(weight) > 1) return [codes, ...collectedSinks(target, weight, address)];
  return [codes, { tensor: weight.scales!, sink: scalesSink(target, weight, address) }];
}

/** The stored blocks of a row, each of which has a scale. */
const blocksOf = ({ inputs, blockSize = BLOCK_INPUTS }: PlannedWeight): number => Math.ceil(inputs / blockSize);
/** The kernels' blocks that share the scale of one stored block. */
const repeatOf = ({ blockSize = BLOCK_INPUTS }: PlannedWeight): number => blockSize / BLOCK_INPUTS;

function codesSink(target: LoadTarget, { layout, inputs }: PlannedWeight, address: number): Sink {
  const { kernels } = target;
  const pack = layout === 'q4' ? kernels.packQ4Codes : kernels.packQ8Codes;
  const blockBytes = layout === 'q4' ? BLOCK_INPUTS / 2 : BLOCK_INPUTS;
  return stagedSink(target, blockBytes, (source, first, count) => pack(source, first, count, address, inputs));
}

/** Packs the scales of whole rows as they come. */
function scalesSink(target: LoadTarget, weight: PlannedWeight, address: number): Sink {
  const { kernels } = target;
  const { layout, inputs } = weight;
  return stagedSink(target, blocksOf(weight) * 4, (source, firstRow, rows) => {
    if (layout === 'q4') kernels.packQ4Scales(source, 0, 0, firstRow, rows, address, inputs);
    else kernels.packQ8Scales(source, firstRow, rows, address, inputs);
  });
}

/** Collects the scales and the zero points, if there are any, and packs them once both are complete. */
function collectedSinks(target: LoadTarget, weight: PlannedWeight, address: number): TensorSink[] {
  const tensors = weight.zeroPoints ? [weight.scales!, weight.zeroPoints] : [weight.scales!];
  const collected: Float32Array[] = [];
  return tensors.map((tensor, index) => ({
    tensor,
    sink: wholeSink(tensor.byteLength, (bytes) => {
      collected[index] = tensor.type === ElementType.FLOAT ? new Float32Array(bytes.buffer) : unpackZeroPoints(bytes, weight);
      const [scales, zeroPoints] = collected;
      if (tensors.every((_, other) => collected[other])) packRows(target, weight, address, scales, zeroPoints);
    }),
  }));
}

/** Unpacks zero points of 4 bits each, low nibble first, every row padded to whole bytes: float32 [outputs, blocks]. */
function unpackZeroPoints(bytes: Uint8Array, weight: PlannedWeight): Float32Array {
  const blocks = blocksOf(weight);
  const rowBytes = Math.ceil(blocks / 2);
  return Float32Array.from({ length: weight.outputs * blocks }, (_, index) => {
    const block = index % blocks;
    return (bytes[((index - block) / blocks) * rowBytes + (block >> 1)] >> ((block & 1) * 4)) & 15;
  });
}

/**
 * Packs the scales and zero points of all rows, as many rows in one go as the staging area holds. Each scale and zero
 * point is repeated for every block of the kernels that it is for.
 */
function packRows(target: LoadTarget, weight: PlannedWeight, address: number, scales: Float32Array, zeroPoints?: Float32Array): void {
  const { memory, layout, kernels } = target;
  const { outputs, inputs } = weight;
  const repeat = repeatOf(weight);
  const stored = scales.length / outputs;
  const blocks = stored * repeat;
  const mostRows = Math.max(1, Math.floor(STAGING_BYTES / (blocks * 8)));
  const { f32 } = memory.views;
  for (let first = 0; first < outputs; first += mostRows) {
    const rows = Math.min(mostRows, outputs - first);
    const zeroPointsStart = layout.arena + rows * blocks * 4;
    for (let index = 0; index < rows * blocks; index++) {
      const source = first * stored + Math.floor(index / repeat);
      f32[(layout.arena >> 2) + index] = scales[source];
      if (zeroPoints) f32[(zeroPointsStart >> 2) + index] = zeroPoints[source];
    }
    if (weight.layout === 'q8') kernels.packQ8Scales(layout.arena, first, rows, address, inputs);
    else kernels.packQ4Scales(layout.arena, zeroPointsStart, zeroPoints ? 2 : 0, first, rows, address, inputs);
  }
}
