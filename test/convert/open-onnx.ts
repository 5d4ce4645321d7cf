import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Tensor } from 'onnxruntime-web/wasm';
import { parseManifest } from '../../src/core/folder/manifest.ts';
import { openOnnxSession, ort } from '../../src/local/evaluate/onnx-session.ts';

/** A sequence's KV cache, by the names of the inputs that it goes into, and the number of positions that it holds. */
export interface OnnxState {
  readonly length: number;
  readonly past: Readonly<Record<string, Tensor>>;
}

export interface OnnxModel {
  readonly contextWindow: number;
  readonly vocabularySize: number;
  readonly empty: OnnxState;
  /** Runs `ids` after `state`, for the logits of the last `keep` positions, or of all if `keep` is 0. */
  forward(
    state: OnnxState,
    ids: readonly number[],
    keep?: number,
  ): Promise<{ logits: Float32Array; shape: readonly number[]; state: OnnxState }>;
  close(): Promise<void>;
}

/** Opens a model folder in onnxruntime-web, the independent judge of the graphs that the converter writes. */
export async function openOnnx(folder: string): Promise<OnnxModel> {
  const { layers, keyValueHeads, headDimension, contextWindow, vocabularySize } = parseManifest(
    await readFile(join(folder, 'manifest.json'), 'utf8'),
  );
  const session = await openOnnxSession(folder);
  const caches = Array.from({ length: layers }, (_, layer) => [`${layer}.key`, `${layer}.value`]).flat();
  const nothing = new ort.Tensor('float32', new Float32Array(0), [1, keyValueHeads, 0, headDimension]);
  return {
    contextWindow,
    vocabularySize,
    empty: { length: 0, past: Object.fromEntries(caches.map((cache) => [`past_key_values.${cache}`, nothing])) },
    async forward({ length, past }, ids, keep = 1) {
      const total = length + ids.length;
      const inputs: Record<string, Tensor> = {
        input_ids: int64(ids),
        position_ids: int64(ids.map((_, index) => length + index)),
        attention_mask: int64(new Array(total).fill(1)),
        num_logits_to_keep: new ort.Tensor('int64', BigInt64Array.of(BigInt(keep)), []),
      };
      // As in transformers.js, only the inputs that the graph declares are fed.
      const asked = Object.fromEntries(Object.entries(inputs).filter(([name]) => session.inputNames.includes(name)));
      const outputs = await session.run({ ...past, ...asked });
      const state = {
        length: total,
        past: Object.fromEntries(caches.map((cache) => [`past_key_values.${cache}`, outputs[`present.${cache}`]])),
      };
      return { logits: outputs.logits.data as Float32Array, shape: outputs.logits.dims, state };
    },
    close: () => session.release(),
  };
}

function int64(values: readonly number[]): Tensor {
  return new ort.Tensor('int64', BigInt64Array.from(values, BigInt), [1, values.length]);
}
