import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as ort from 'onnxruntime-web/wasm';
import type { ModelFolder } from '../src/cli/model-folder.ts';
import type { Task } from './task.ts';

export interface OnnxruntimeFigures {
  prefillTokensPerSecond: number;
  decodeTokensPerSecond: number;
  /** Size of the WebAssembly memory at the end. */
  wasmBytes: number;
}

type Past = Record<string, ort.Tensor>;

const memories: WebAssembly.Memory[] = [];

/** The peer: onnxruntime-web in Node on the same files, with nothing around it: one thread, greedy, no tokenizer, no HTTP. */
export async function measureOnnxruntime({ path }: ModelFolder, task: Task): Promise<OnnxruntimeFigures> {
  const session = await createSession(path);
  const prefillStarted = performance.now();
  await step(session, task.prefillTokens, emptyPast(session), 0);
  const prefillSeconds = (performance.now() - prefillStarted) / 1000;

  let { next, past } = await step(session, task.decodePrompt, emptyPast(session), 0);
  const decodeStarted = performance.now();
  for (let index = 1; index < task.decodeTokens; index++) ({ next, past } = await step(session, [next], past, task.decodePrompt.length + index - 1));
  const decodeSeconds = (performance.now() - decodeStarted) / 1000;

  await session.release();
  return {
    prefillTokensPerSecond: task.prefillTokens.length / prefillSeconds,
    decodeTokensPerSecond: (task.decodeTokens - 1) / decodeSeconds,
    wasmBytes: Math.max(...memories.map(({ buffer }) => buffer.byteLength)),
  };
}

async function createSession(path: string): Promise<ort.InferenceSession> {
  ort.env.wasm.numThreads = 1;
  const OriginalMemory = WebAssembly.Memory;
  // onnxruntime-web keeps its memory to itself; this is the one way to see how large it grows.
  WebAssembly.Memory = class extends OriginalMemory {
    constructor(descriptor: WebAssembly.MemoryDescriptor) {
      super(descriptor);
      memories.push(this);
    }
  };
  const data = await readFile(join(path, 'model.onnx_data'));
  try {
    return await ort.InferenceSession.create(await readFile(join(path, 'model.onnx')), {
      executionProviders: ['wasm'],
      externalData: [{ path: 'model.onnx_data', data }],
    });
  } finally {
    WebAssembly.Memory = OriginalMemory;
  }
}

function emptyPast(session: ort.InferenceSession): Past {
  const inputs = session.inputMetadata.filter((input) => input.isTensor && input.name.startsWith('past_key_values.'));
  return Object.fromEntries(
    inputs.map((input) => {
      const [, heads, , dimension] = input.isTensor ? input.shape : [];
      return [input.name, new ort.Tensor('float32', new Float32Array(0), [1, Number(heads), 0, Number(dimension)])];
    }),
  );
}

async function step(session: ort.InferenceSession, tokens: number[], past: Past, length: number): Promise<{ next: number; past: Past }> {
  const int64 = (values: number[], dims: number[]) => new ort.Tensor('int64', BigInt64Array.from(values, BigInt), dims);
  const total = length + tokens.length;
  const outputs = await session.run({
    input_ids: int64(tokens, [1, tokens.length]),
    attention_mask: int64(new Array(total).fill(1), [1, total]),
    position_ids: int64(
      tokens.map((_, index) => length + index),
      [1, tokens.length],
    ),
    num_logits_to_keep: int64([1], []),
    ...past,
  });
  const logits = outputs.logits.data as Float32Array;
  let next = 0;
  for (let id = 1; id < logits.length; id++) if (logits[id] > logits[next]) next = id;
  const present = Object.keys(past).map((name) => [name, outputs[name.replace('past_key_values', 'present')]]);
  return { next, past: Object.fromEntries(present) };
}
