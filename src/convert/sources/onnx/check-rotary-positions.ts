import { invalidFile, showText } from '../../../core/invalid-file.ts';
import type { GraphProto } from '../../../core/onnx/onnx-ml_pb.js';

/** The operators that read a table of cosines, with one row for each position, and which of their inputs it is. */
const TABLE_INPUT: Readonly<Record<string, number>> = { GroupQueryAttention: 7, RotaryEmbedding: 2 };

/**
 * Checks that a graph's stored tables of rotary positions cover all positions that config.json states: beyond them an
 * engine would fail in the middle of a sequence. Tables that the graph computes itself are not checked.
 * @param file names the graph in messages
 * @throws GptEdgeError `invalid_file`, naming the table, its rows, and the positions that config.json states
 */
export function checkRotaryPositions(graph: GraphProto, contextWindow: number, file: string): void {
  const tables = new Set(graph.node.map(({ opType, input }) => (Object.hasOwn(TABLE_INPUT, opType) ? input[TABLE_INPUT[opType]] : '')));
  for (const { name, dims } of graph.initializer)
    if (tables.has(name) && dims.length > 0 && dims[0] < contextWindow)
      throw invalidFile(file, `${showText(name)} has ${dims[0]} positions, and config.json's max_position_embeddings is ${contextWindow}`);
}
