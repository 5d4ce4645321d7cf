import { TensorProto_DataType as ElementType } from '../../../core/onnx/onnx-ml_pb.js';
import { BLOCK_INPUTS } from '../../../kernels/matrix-layouts.ts';
import { STAGING_BYTES } from '../plan/memory-layout.ts';
import type { PlannedWeight } from '../plan/planned-weight.ts';
import { type LoadTarget, type Sink, stagedSink, type TensorSink, wholeSink } from './sink.ts';

/**
 * Makes the sinks for the tensors of a quantized matrix. The codes, which are most of its bytes, are packed piece by
 * piece as the file is read. So are the scales in the simple case: one scale for each block of the kernels, and no zero
 * points. In all other cases, scales and zero points are collected first, because they have to be combined, or repeated
 * for several blocks, before they can be packed.
 */
export function quantizedSinks(target: LoadTarget, weight: PlannedWeight, address: number): TensorSink[] {
  const codes: TensorSink = { tensor: weight.elements, sink: codesSink(target, weight, address) };
  if (weight.zeroPoints || repeatOf(weight) > 1) return [codes, ...collectedSinks(target, weight, address)];
  return [codes, { tensor: weight.scales!, sink: scalesSink(target, weight, address) }];
}

/** How many blocks with a scale of their own a stored row has. */
const blocksOf = ({ inputs, blockSize = BLOCK_INPUTS }: PlannedWeight): number => Math.ceil(inputs / blockSize);
/** How many of the kernels' blocks share the scale of one stored block, which may be larger. */
const repeatOf = ({ blockSize = BLOCK_INPUTS }: PlannedWeight): number => blockSize / BLOCK_INPUTS;

function codesSink(target: LoadTarget, { layout, inputs }: PlannedWeight, address: number): Sink {
  const { kernels } = target;
  const pack = layout === 'q4' ? kernels.packQ4Codes : kernels.packQ8Codes;
  const blockBytes = layout === 'q4' ? BLOCK_INPUTS / 2 : BLOCK_INPUTS;
  return stagedSink(target, blockBytes, (source, first, count) => pack(source, first, count, address, inputs));
}

/** Packs the scales of whole rows as soon as they have been read. */
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
  let collected: Float32Array[] = [];
  return tensors.map((tensor, index) => ({
    tensor,
    sink: wholeSink(tensor.byteLength, (bytes) => {
      collected[index] = tensor.type === ElementType.FLOAT ? new Float32Array(bytes.buffer) : unpackZeroPoints(bytes, weight);
      const [scales, zeroPoints] = collected;
      if (!tensors.every((_, other) => collected[other])) return;
      packRows(target, weight, address, scales, zeroPoints);
      collected = [];
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
 * Packs the scales and zero points of all rows, as many rows at a time as the staging area holds. Each scale, and each
 * zero point, is written once for every block of the kernels that shares it.
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
    const stage = (values: Float32Array, at: number) =>
      setRepeated(f32, at >> 2, values.subarray(first * stored, (first + rows) * stored), repeat);
    stage(scales, layout.arena);
    if (zeroPoints) stage(zeroPoints, zeroPointsStart);
    if (weight.layout === 'q8') kernels.packQ8Scales(layout.arena, first, rows, address, inputs);
    // The kinds of zero points: 2 is float32, and 0 is none, which stands for the value 8.
    else kernels.packQ4Scales(layout.arena, zeroPointsStart, zeroPoints ? 2 : 0, first, rows, address, inputs);
  }
}

/** Writes each of the values `repeat` times. */
function setRepeated(target: Float32Array, start: number, values: Float32Array, repeat: number): void {
  if (repeat === 1) target.set(values, start);
  else for (let index = 0; index < values.length * repeat; index++) target[start + index] = values[Math.floor(index / repeat)];
}
