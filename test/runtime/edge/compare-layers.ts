import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import type { Tensor } from 'onnxruntime-web/wasm';
import { externalDataFiles } from '../../../src/core/folder/graph-files.ts';
import { ModelProtoSchema, ValueInfoProtoSchema } from '../../../src/core/onnx/onnx-ml_pb.js';
import { compiledKernels } from '../../../src/local/compiled-kernels.ts';
import { DiskModelFiles } from '../../../src/local/disk-model-files.ts';
import { ort } from '../../../src/local/evaluate/onnx-session.ts';
import type { ModelFolder } from '../../../src/local/model-folder.ts';
import { BlockTable } from '../../../src/runtime/edge/run/block-table.ts';
import { EdgeModel } from '../../../src/runtime/edge/run/edge-model.ts';
import { planEdge } from './plan-edge.ts';

export interface LayerError {
  readonly value: string;
  /** Largest difference from onnxruntime-web. */
  readonly absolute: number;
  /** The largest difference, divided by the largest value. */
  readonly relative: number;
}

/**
 * Compares every value between the operators of a graph, as the edge engine computes it for a prompt, with
 * onnxruntime-web, which is made to output all of them. Values that the engine does not compute by themselves (fused
 * ones) are left out.
 */
export async function compareLayers(folder: ModelFolder, ids: readonly number[]): Promise<LayerError[]> {
  const files = new DiskModelFiles(folder);
  const plan = await planEdge(files, 'f32');
  const model = await EdgeModel.load(plan, files, { kernels: compiledKernels(), cacheBytes: 0, keepBuffers: true });
  const table = new BlockTable(model.blocks);
  table.reserve(ids.length);
  // What the body made for the head's row is moved before the head runs, so the body runs once more.
  for (const rows of [1, 0]) model.run([{ tokens: ids, table, rows, read: () => {} }]);
  const headBuffers = new Set(plan.head.flatMap(({ writes }) => writes));
  const written = new Map<string, number>();
  // A buffer that is rotated in place no longer holds what its operator produced.
  const rotated = new Set([...plan.body, ...plan.head].flatMap(({ kernel, writes }) => (kernel === 'rotate' ? writes : [])));
  for (const [index, { name, width }] of plan.buffers.entries()) if (width > 0 && !rotated.has(index)) written.set(name, index);
  const theirs = await runWithAllValues(folder, ids, [...written.keys()]);
  return [...theirs].map(([value, expected]) => {
    const buffer = written.get(value)!;
    const { width, stride } = plan.buffers[buffer];
    // The head ran for only one row.
    const rows = headBuffers.has(buffer) ? 1 : Math.min(ids.length, expected.length / width);
    const start = model.layout.arena + model.layout.buffers.offsets[buffer];
    let absolute = 0;
    for (let row = 0; row < rows; row++)
      for (let i = 0; i < width; i++) {
        const own = model.memory.views.f32[((start + row * stride) >> 2) + i];
        absolute = Math.max(absolute, Math.abs(own - expected[expected.length - (rows - row) * width + i]));
      }
    const largest = expected.reduce((most, entry) => Math.max(most, Math.abs(entry)), 0);
    return { value, absolute, relative: absolute / largest };
  });
}

/** Runs a folder's graph with more outputs: what the nodes of these names produce. */
async function runWithAllValues(folder: ModelFolder, ids: readonly number[], names: readonly string[]): Promise<Map<string, Float32Array>> {
  const proto = fromBinary(ModelProtoSchema, await readFile(join(folder.path, 'model.onnx')));
  const graph = proto.graph!;
  const made = new Map(graph.node.map(({ name, output }) => [name || output[0], output[0]]));
  const outputs = new Map(names.flatMap((name) => (made.has(name) ? [[made.get(name)!, name] as const] : [])));
  const known = new Set(graph.output.map(({ name }) => name));
  for (const name of outputs.keys()) if (!known.has(name)) graph.output.push(create(ValueInfoProtoSchema, { name }));
  const data = externalDataFiles(Object.keys(folder.manifest.files));
  const externalData = await Promise.all(data.map(async (path) => ({ path, data: await readFile(join(folder.path, path)) })));
  // The graph is not optimized, since fusions would remove the values.
  const options = { executionProviders: ['wasm'], externalData, graphOptimizationLevel: 'disabled' as const };
  const session = await ort.InferenceSession.create(toBinary(ModelProtoSchema, proto), options);
  const int64 = (values: readonly number[], dims: readonly number[]) => new ort.Tensor('int64', BigInt64Array.from(values, BigInt), dims);
  const { keyValueHeads, headDimension } = folder.manifest;
  const feeds: Record<string, Tensor> = {
    input_ids: int64(ids, [1, ids.length]),
    position_ids: int64([...ids.keys()], [1, ids.length]),
    attention_mask: int64(
      ids.map(() => 1),
      [1, ids.length],
    ),
    num_logits_to_keep: int64([1], []),
  };
  for (const name of session.inputNames)
    if (name.startsWith('past_')) feeds[name] = new ort.Tensor('float32', new Float32Array(0), [1, keyValueHeads, 0, headDimension]);
  const result = await session.run(Object.fromEntries(Object.entries(feeds).filter(([name]) => session.inputNames.includes(name))));
  await session.release();
  // Float16 is cast only after a look-up, and the engine does both in one step.
  const floats = [...outputs].filter(([output]) => result[output].type === 'float32');
  return new Map(floats.map(([output, name]) => [name, Float32Array.from(result[output].data as Float32Array)]));
}
