import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GRAPH_FILE } from '../core/folder/graph-files.ts';
import type { DecoderPlan, GraphContext } from './architectures/architecture.ts';
import type { ConvertOptions } from './convert-options.ts';
import type { Dtype } from './dtypes/dtype.ts';
import { EXTERNAL_DATA_FILE, ExternalDataWriter } from './graph/external-data-writer.ts';
import { GraphBuilder } from './graph/graph-builder.ts';
import { rowPieces } from './tensors/row-pieces.ts';
import type { SourceTensor, TensorSource } from './tensors/tensor-source.ts';

/** A decoder that is ready to be written. */
export interface DecoderToWrite {
  /** The model's id, which names the graph. */
  readonly id: string;
  readonly plan: DecoderPlan;
  /** The checkpoint's tensors by the plan's names. */
  readonly tensors: ReadonlyMap<string, SourceTensor>;
  readonly weights: TensorSource;
  readonly dtype: Dtype;
}

/** Writes a decoder's graph and its external data into `folder`. Only one matrix, or a piece of a table, is in memory at a time. */
export async function writeDecoder(
  folder: string,
  { id, plan, tensors, weights, dtype }: DecoderToWrite,
  { onProgress, signal }: Pick<ConvertOptions, 'onProgress' | 'signal'>,
): Promise<void> {
  const file = await open(join(folder, EXTERNAL_DATA_FILE), 'wx');
  try {
    const graph = new GraphBuilder(id);
    const totalBytes = [...tensors.values()].reduce((sum, tensor) => sum + tensor.bytes, 0);
    let bytes = 0;
    const advance = (count: number) => {
      bytes += count;
      onProgress?.({ bytes, totalBytes });
    };
    const read: GraphContext['read'] = async (name) => {
      signal?.throwIfAborted();
      const tensor = tensors.get(name)!;
      const values = await weights.read(tensor.name);
      advance(tensor.bytes);
      return { shape: tensor.shape, ...values };
    };
    const table: GraphContext['table'] = (name) => {
      const tensor = tensors.get(name)!;
      const pieces = async function* () {
        const [rows, columns] = tensor.shape;
        for await (const piece of rowPieces(weights, tensor)) {
          signal?.throwIfAborted();
          yield piece;
          advance((tensor.bytes * piece.values.length) / (rows * columns));
        }
      };
      return { shape: tensor.shape, blocks: tensor.blocks, pieces };
    };
    await plan.writeGraph({ graph, data: new ExternalDataWriter(file), dtype, read, table });
    await writeFile(join(folder, GRAPH_FILE), graph.toBytes());
  } finally {
    await file.close();
  }
}
