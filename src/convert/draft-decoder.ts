import { GRAPH_FILE } from '../core/folder/graph-files.ts';
import type { Manifest } from '../core/folder/manifest.ts';
import type { ModelFiles } from '../core/folder/model-files.ts';
import type { Weight } from './dtypes/dtype.ts';
import type { SmallFiles } from './files/json-files.ts';
import { EXTERNAL_DATA_FILE } from './graph/external-data-writer.ts';
import { GraphBuilder } from './graph/graph-builder.ts';
import { UnwrittenData } from './graph/weight-data.ts';
import type { ManifestFacts } from './model-folder/write-manifest.ts';
import { BLOCK_SIZE } from './quantize/block-quantizer.ts';
import type { RowQuantizer } from './quantize/quantize-rows.ts';
import { quantizeWithZeroPoint } from './quantize/quantize-with-zero-point.ts';
import type { BlockKind, QuantizedBlocks, SourceTensor } from './tensors/tensor-source.ts';
import type { DecoderToWrite } from './write-decoder.ts';

/**
 * Returns the files of a model folder that was never written: its graph and its manifest are those that a conversion
 * would give, so that an engine can plan the model, and there are no weights. It takes some milliseconds, since no weight
 * is read, quantized or packed.
 * @param decoder its dtype quantizes with quantizeNothing
 */
export async function draftDecoder(
  decoder: Omit<DecoderToWrite, 'weights'>,
  { files }: SmallFiles,
  facts: ManifestFacts,
): Promise<ModelFiles> {
  const { id, plan, tensors, dtype } = decoder;
  const graph = new GraphBuilder(id);
  const data = new UnwrittenData();
  await plan.writeGraph({
    graph,
    data,
    dtype,
    read: async (name) => unreadWeight(tensors.get(name)!),
    table: (name) => ({ ...tensors.get(name)!, pieces: async function* () {} }),
  });
  const small = new Map([...files, [GRAPH_FILE, graph.toBytes()]]);
  const sizes = [...[...small].map(([name, bytes]) => [name, bytes.length] as const), [EXTERNAL_DATA_FILE, data.bytes] as const];
  const manifest: Manifest = {
    format: 1,
    ...facts,
    files: Object.fromEntries(sizes.map(([name, bytes]) => [name, { bytes, sha256: '' }])),
  };
  return {
    manifest,
    read: async (name) => Uint8Array.from(small.get(name)!),
    stream: () => {
      throw new Error('a draft has no weights');
    },
  };
}

/**
 * Zeros in place of a weight's values. The system hands them out without taking memory for them. Vectors hold what no
 * float16 is, so that they take as much room as they may.
 */
function unreadWeight({ shape, blocks }: SourceTensor): Weight {
  const values = new Float32Array(shape.reduce((product, size) => product * size, 1));
  if (shape.length === 1) values.fill(0.1);
  if (blocks === undefined) return { shape, values };
  // The zero points of a checkpoint's own blocks are seldom whole; those that are found here always are.
  const unread = unreadBlocks(values.length, values.length / BLOCK_SIZE, blocks, 0.5);
  return { shape, values, blocks: unread, transposedBlocks: unread };
}

/** Stands for quantizing: the blocks have the sizes that they would have, and hold nothing. */
export const quantizeNothing: RowQuantizer = ({ values, width }, _name, bits, quantize) =>
  unreadBlocks(values.length, (values.length / width) * Math.ceil(width / BLOCK_SIZE), {
    bits,
    isSymmetric: quantize !== quantizeWithZeroPoint,
  });

function unreadBlocks(values: number, blocks: number, { bits, isSymmetric }: BlockKind, zeroPoint = 0): QuantizedBlocks {
  const zeroPoints = new Float32Array(blocks).fill(isSymmetric ? 2 ** (bits - 1) : zeroPoint);
  return { bits, codes: new Uint8Array(values), scales: new Float32Array(blocks), zeroPoints };
}
