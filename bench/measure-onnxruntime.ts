import { compiledKernels } from '../src/cli/compiled-kernels.ts';
import type { ModelFolder } from '../src/cli/model-folder.ts';
import { VocabularyMath } from '../src/generation/vocabulary-math.ts';
import { openOnnx } from '../test/convert/open-onnx.ts';
import type { Task } from './task.ts';

export interface OnnxruntimeFigures {
  prefillTokensPerSecond: number;
  decodeTokensPerSecond: number;
  /** Size of the WebAssembly memory at the end. */
  wasmBytes: number;
}

const memories: WebAssembly.Memory[] = [];

/** onnxruntime-web keeps its memory to itself; standing in for the constructor is the one way to see how large it grows. */
class WatchedMemory extends WebAssembly.Memory {
  constructor(descriptor: WebAssembly.MemoryDescriptor) {
    super(descriptor);
    memories.push(this);
  }
}

/** The peer: onnxruntime-web in Node on the same files, with nothing around it: one thread, greedy, no tokenizer, no HTTP. */
export async function measureOnnxruntime({ path }: ModelFolder, task: Task): Promise<OnnxruntimeFigures> {
  WebAssembly.Memory = WatchedMemory;
  const model = await openOnnx(path);
  await model.forward(model.empty, task.prefillTokens);
  const prefillSeconds = await seconds(() => model.forward(model.empty, task.prefillTokens));
  const math = VocabularyMath.compiled(model.vocabularySize, compiledKernels());
  let { logits, state } = await model.forward(model.empty, task.decodePrompt);
  const decodeSeconds = await seconds(async () => {
    for (let index = 1; index < task.decodeTokens; index++) {
      math.load(logits);
      ({ logits, state } = await model.forward(state, [math.best()]));
    }
  });
  await model.close();
  return {
    prefillTokensPerSecond: task.prefillTokens.length / prefillSeconds,
    decodeTokensPerSecond: (task.decodeTokens - 1) / decodeSeconds,
    wasmBytes: Math.max(...memories.map(({ buffer }) => buffer.byteLength)),
  };
}

async function seconds(run: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await run();
  return (performance.now() - started) / 1000;
}
