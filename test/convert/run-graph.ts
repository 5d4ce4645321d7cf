import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import type { Tensor } from 'onnxruntime-web/wasm';
import type { GraphTarget } from '../../src/convert/dtypes/dtype.ts';
import { EXTERNAL_DATA_FILE, ExternalDataWriter } from '../../src/convert/graph/external-data-writer.ts';
import { GraphBuilder } from '../../src/convert/graph/graph-builder.ts';
import { ModelProtoSchema, type TensorProto } from '../../src/core/onnx/onnx-ml_pb.js';
import { openOnnxSession } from '../../src/local/evaluate/onnx-session.ts';

export interface GraphRun {
  readonly outputs: Readonly<Record<string, Tensor>>;
  /** Stored tensors, by name. */
  readonly weights: ReadonlyMap<string, { readonly tensor: TensorProto; readonly bytes: Uint8Array }>;
  readonly dataBytes: number;
}

/** Writes a graph as a conversion does, and runs it in onnxruntime-web. */
export async function runGraph(build: (target: GraphTarget) => Promise<void>, feeds: Readonly<Record<string, Tensor>>): Promise<GraphRun> {
  const folder = await mkdtemp(join(tmpdir(), 'gpt-edge-graph-'));
  try {
    const graph = new GraphBuilder('test');
    const file = await open(join(folder, EXTERNAL_DATA_FILE), 'wx');
    await build({ graph, data: new ExternalDataWriter(file) }).finally(() => file.close());
    await writeFile(join(folder, 'model.onnx'), graph.toBytes());
    const session = await openOnnxSession(folder);
    const outputs = await session.run(feeds);
    await session.release();
    const data = await readFile(join(folder, EXTERNAL_DATA_FILE));
    return { outputs, weights: readWeights(graph.toBytes(), data), dataBytes: data.length };
  } finally {
    await rm(folder, { recursive: true });
  }
}

function readWeights(model: Uint8Array, data: Uint8Array): GraphRun['weights'] {
  const stored = fromBinary(ModelProtoSchema, model).graph!.initializer.filter(({ externalData }) => externalData.length > 0);
  return new Map(
    stored.map((tensor) => {
      const { offset, length } = Object.fromEntries(tensor.externalData.map(({ key, value }) => [key, value]));
      return [tensor.name, { tensor, bytes: data.subarray(Number(offset), Number(offset) + Number(length)) }];
    }),
  );
}
