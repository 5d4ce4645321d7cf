import compiled from 'onnxruntime-web/ort-wasm-simd-threaded.wasm';
import type * as Ort from 'onnxruntime-web/wasm';
import { steadyNow } from '../../core/steady-clock.ts';
import { visitEventLoop } from '../../core/visit-event-loop.ts';

/**
 * The one module that knows onnxruntime-web. A build with only the edge engine leaves onnxruntime-web out (absent.ts
 * takes its place), and otherwise its WebAssembly is instantiated only when the first session is created.
 *
 * workerd forbids compiling WebAssembly at run time, so the one instantiation that onnxruntime-web asks for is
 * answered with the module that the bundle compiled. Sessions are created one after the other, so that no other code
 * ever sees the replaced function.
 */
export type { InferenceSession, Tensor } from 'onnxruntime-web/wasm';

/** Milliseconds after which a session that was never created is given up: its request was cancelled. */
const ABANDONED_MS = 30_000;

/** Since when a session is being created, in milliseconds; null if none is. */
let creatingSince: number | null = null;

/**
 * Creates a session for a graph.
 * @throws Error from onnxruntime-web for a graph that it cannot run, or in a build without onnxruntime-web
 */
export async function createSession(
  graph: Uint8Array,
  options: Ort.InferenceSession.SessionOptions,
): Promise<{ ort: typeof Ort; session: Ort.InferenceSession }> {
  if (compiled === undefined) throw new Error('this build has only the edge engine (--edge-only)');
  // Each waits by timers of its own, since another request's promise may go on in that request's context, or never.
  while (creatingSince !== null && steadyNow() - creatingSince < ABANDONED_MS) await visitEventLoop();
  const since = steadyNow();
  creatingSince = since;
  try {
    return await withCompiledModule(graph, options);
  } finally {
    if (creatingSince === since) creatingSince = null;
  }
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
    ort.env.wasm.wasmBinary = new ArrayBuffer(8); // It is not read, but keeps the loader from fetching a URL.
    const session = await ort.InferenceSession.create(graph, { executionProviders: ['wasm'], ...options });
    return { ort, session };
  } finally {
    wasm.instantiate = original;
  }
}
