import compiled from 'onnxruntime-web/ort-wasm-simd-threaded.wasm';
import type * as Ort from 'onnxruntime-web/wasm';

/**
 * The one module that knows onnxruntime-web, which a build for the edge engine alone leaves out (absent.ts takes its place). Its
 * WebAssembly is instantiated at the first session, not before.
 *
 * workerd forbids compiling WebAssembly at run time, so the one instantiation that onnxruntime-web asks for is answered
 * with the module that the bundle compiled. Sessions are created one after the other, so that the replaced function is
 * never seen by anyone else.
 */
export type { InferenceSession, Tensor } from 'onnxruntime-web/wasm';

let last: Promise<unknown> = Promise.resolve();

/** @throws what onnxruntime-web says of a graph it cannot run; Error in a build without it */
export async function createSession(
  graph: Uint8Array,
  options: Ort.InferenceSession.SessionOptions,
): Promise<{ ort: typeof Ort; session: Ort.InferenceSession }> {
  if (compiled === undefined) throw new Error('this build has the edge engine alone (--edge-only)');
  const created = last.then(() => withCompiledModule(graph, options));
  last = created.catch(() => {});
  return created;
}

async function withCompiledModule(graph: Uint8Array, options: Ort.InferenceSession.SessionOptions) {
  const ort = await import('onnxruntime-web/wasm');
  const wasm = WebAssembly as { instantiate: unknown };
  const original = wasm.instantiate;
  wasm.instantiate = async (_: unknown, imports: WebAssembly.Imports) => ({
    instance: new WebAssembly.Instance(compiled, imports),
    module: compiled,
  });
  try {
    ort.env.wasm.numThreads = 1;
    ort.env.wasm.wasmBinary = new ArrayBuffer(8); // not read, but keeps the loader from fetching a URL
    const session = await ort.InferenceSession.create(graph, { executionProviders: ['wasm'], ...options });
    return { ort, session };
  } finally {
    wasm.instantiate = original;
  }
}
