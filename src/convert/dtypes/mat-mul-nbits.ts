import { type GraphBuilder, MICROSOFT } from '../graph/graph-builder.ts';
import { BLOCK_SIZE } from '../quantize/block-quantizer.ts';

/** A quantized matrix [outputs, inputs]. */
export interface QuantizedMatrix {
  readonly bits: 4 | 8;
  readonly outputs: number;
  readonly inputs: number;
}

/**
 * Adds the node that multiplies by a quantized matrix.
 * @param values names of the input and the matrix's codes, scales and, if it has any, zero points
 */
export function matMulNBits(
  graph: GraphBuilder,
  name: string,
  values: readonly string[],
  { bits, outputs, inputs }: QuantizedMatrix,
): string {
  return graph.node('MatMulNBits', name, values, {
    domain: MICROSOFT,
    // accuracy_level is left out: onnxruntime-web computes the same in the same time, whatever its value.
    attributes: { K: BigInt(inputs), N: BigInt(outputs), bits: BigInt(bits), block_size: BigInt(BLOCK_SIZE) },
  });
}
