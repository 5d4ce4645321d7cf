import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GRAPH_FILE } from '../core/folder/graph-files.ts';
import type { DecoderPlan, GraphContext } from './architectures/architecture.ts';
import type { ConvertOptions } from './convert-options.ts';
import type { Dtype } from './dtypes/dtype.ts';
import { EXTERNAL_DATA_FILE, ExternalDataWriter } from './graph/external-data-writer.ts';
import { GraphBuilder } from './graph/graph-builder.ts';
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

/** Writes a decoder's graph and its external data into `folder`. Only one tensor at a time is in memory. */
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
    const read: GraphContext['read'] = async (name) => {
      signal?.throwIfAborted();
      const tensor = tensors.get(name)!;
      const values = await weights.read(tensor.name);
      bytes += tensor.bytes;
      onProgress?.({ bytes, totalBytes });
      return { shape: tensor.shape, ...values };
    };
    await plan.writeGraph({ graph, data: new ExternalDataWriter(file), dtype, read });
    await writeFile(join(folder, GRAPH_FILE), graph.toBytes());
  } finally {
    await file.close();
  }
}
