import type { GraphProto } from '../../core/onnx/onnx-ml_pb.js';

/** The operators that unpack codes of a few bits, and which of their inputs holds the codes. */
const CODES_INPUT: Readonly<Record<string, number>> = { MatMulNBits: 1, GatherBlockQuantized: 0 };

/** Returns the weights that a graph stores as packed codes: the bits of one code by the weight's name. */
export function packedWeights({ node }: GraphProto): Map<string, number> {
  const packing = node.filter(({ opType }) => Object.hasOwn(CODES_INPUT, opType));
  // Both operators default to four bits.
  const bitsOf = ({ attribute }: (typeof node)[number]) => Number(attribute.find(({ name }) => name === 'bits')?.i ?? 4n);
  return new Map(packing.map((unpacking) => [unpacking.input[CODES_INPUT[unpacking.opType]], bitsOf(unpacking)]));
}
