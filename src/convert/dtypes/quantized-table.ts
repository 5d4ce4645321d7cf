import { ElementType, type GraphBuilder, MICROSOFT } from '../graph/graph-builder.ts';
import { BLOCK_SIZE } from '../quantize/block-quantizer.ts';
import { packCodes } from '../quantize/pack-blocks.ts';
import type { RowQuantizer } from '../quantize/quantize-rows.ts';
import { quantizeSymmetric } from '../quantize/quantize-symmetric.ts';
import type { GraphTarget, Table, Weight, WeightInPieces } from './dtype.ts';
import { countBlocks, inPieces } from './in-pieces.ts';
import { isKept } from './kept-blocks.ts';
import { matMulNBits } from './mat-mul-nbits.ts';

/** How a table is stored. */
interface TableFormat {
  readonly bits: 4 | 8;
  readonly quantizeRows: RowQuantizer;
}

/**
 * Stores a table once, whether its rows are looked up, it is multiplied by, or both. GatherBlockQuantized and
 * MatMulNBits read the same tensor of codes. They also read the same bytes of scales, which are declared twice because
 * the two expect different shapes.
 */
export async function quantizedTable(
  { graph, data }: GraphTarget,
  name: string,
  table: Weight | WeightInPieces,
  { bits: asked, quantizeRows }: TableFormat,
): Promise<Table> {
  const { shape, blocks: brought, pieces } = inPieces(table);
  const [entries, width] = shape;
  const kept = brought && isKept(brought, asked) ? brought : undefined;
  const bits = kept?.bits ?? asked;
  const blocksInRow = countBlocks(width);
  const codesShape = [entries, blocksInRow, (BLOCK_SIZE * bits) / 8];
  // What there is of each block is small, and is held until the codes are written.
  const perBlockBytes = 4 * entries * blocksInRow;
  const scales: Float32Array[] = [];
  const zeroPoints: Float32Array[] = [];
  const packed = async function* () {
    let first = 0;
    for await (const piece of pieces()) {
      const blocks = (kept && piece.blocks) ?? quantizeRows({ values: piece.values, width, first }, name, bits, quantizeSymmetric);
      scales.push(blocks.scales);
      zeroPoints.push(blocks.zeroPoints);
      first += piece.values.length;
      yield packCodes(blocks, width);
    }
  };
  const codesLocation = await data.append({ byteLength: codesShape.reduce((product, size) => product * size, 1), pieces: packed });
  const codes = graph.weight(name, ElementType.UINT8, codesShape, codesLocation);
  const perBlock = [{ suffix: 'scales', location: await data.append({ byteLength: perBlockBytes, pieces: () => scales }) }];
  if (kept && !kept.isSymmetric)
    perBlock.push({ suffix: 'zero_points', location: await data.append({ byteLength: perBlockBytes, pieces: () => zeroPoints }) });
  const declare = (reader: string, shape: readonly number[]) =>
    perBlock.map(({ suffix, location }) => graph.weight(`${reader}.${suffix}`, ElementType.FLOAT, shape, location));
  return {
    lookUp(reader, ids) {
      const rows = lookUpBlocks(graph, reader, [codes, ids, ...declare(reader, [entries, blocksInRow, 1])], bits);
      const paddedWidth = blocksInRow * BLOCK_SIZE;
      if (paddedWidth === width) return joinBlocks(graph, reader, rows, width);
      return cutRows(graph, reader, joinBlocks(graph, `${reader}.padded`, rows, paddedWidth), width);
    },
    project(reader, x) {
      return matMulNBits(graph, reader, [x, codes, ...declare(reader, [entries, blocksInRow])], { bits, outputs: entries, inputs: width });
    },
  };
}

/** Looks up rows by `ids` [batch, positions], in blocks: float32 [batch, positions, blocks, BLOCK_SIZE]. */
function lookUpBlocks(graph: GraphBuilder, name: string, [codes, ids, scales, zeroPoints]: readonly string[], bits: 4 | 8): string {
  const blocks = graph.node('GatherBlockQuantized', `${name}.blocks`, [codes, ids, scales], {
    domain: MICROSOFT,
    attributes: { bits: BigInt(bits), block_size: BigInt(BLOCK_SIZE), gather_axis: 0n, quantize_axis: 2n },
  });
  if (zeroPoints === undefined) return blocks;
  // GatherBlockQuantized takes no zero points in float32. It subtracts the implicit one, and the difference is added
  // afterwards: s (q - z) = s (q - 8) + s (8 - z).
  const middle = graph.node('Cast', `${name}.middle`, [graph.constant(`${name}.middle.whole`, BigInt(2 ** (bits - 1)))], {
    attributes: { to: BigInt(ElementType.FLOAT) },
  });
  const scaleRows = graph.node('Gather', `${name}.scale_rows`, [scales, ids]);
  const zeroPointRows = graph.node('Gather', `${name}.zero_point_rows`, [zeroPoints, ids]);
  const shift = graph.node('Mul', `${name}.shift`, [scaleRows, graph.node('Sub', `${name}.steps`, [middle, zeroPointRows])]);
  return graph.node('Add', `${name}.shifted`, [blocks, shift]);
}

/** Reshapes [batch, positions, blocks, BLOCK_SIZE] to [batch, positions, width]. */
function joinBlocks(graph: GraphBuilder, name: string, blocks: string, width: number): string {
  return graph.node('Reshape', name, [blocks, graph.constant(`${name}.shape`, [0n, 0n, BigInt(width)])]);
}

/** Returns the first `width` values of each row of [batch, positions, more]. */
function cutRows(graph: GraphBuilder, name: string, rows: string, width: number): string {
  const [start, end, axis] = [0n, BigInt(width), 2n].map((value, index) => graph.constant(`${name}.cut.${index}`, [value]));
  return graph.node('Slice', name, [rows, start, end, axis]);
}
