import type { GraphProto } from '../../core/onnx/onnx-ml_pb.js';

/** Which input of the operators that unpack codes of a few bits holds them. */
const CODES_INPUT: Readonly<Record<string, number>> = { MatMulNBits: 1, GatherBlockQuantized: 0 };

/** The weights that a graph stores as packed codes, by name, with the bits of each code. */
export function packedWeights({ node }: GraphProto): Map<string, number> {
  const packing = node.filter(({ opType }) => Object.hasOwn(CODES_INPUT, opType));
  // Four bits are the operators' default.
  const bitsOf = ({ attribute }: (typeof node)[number]) => Number(attribute.find(({ name }) => name === 'bits')?.i ?? 4n);
  return new Map(packing.map((unpacking) => [unpacking.input[CODES_INPUT[unpacking.opType]], bitsOf(unpacking)]));
}
