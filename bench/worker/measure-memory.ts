import type { Task } from '../task.ts';
import { BenchWorker, type WorkerJob } from './bench-worker.ts';
import { freePort } from './free-port.ts';
import { Inspector } from './inspector.ts';

/** Memory of an isolate and of its process, in bytes. */
export interface MemoryFigures {
  /** JavaScript objects and bytecode, after a garbage collection. */
  readonly heapBytes: number;
  /** workerd's own objects for the isolate, as V8 counts them. */
  readonly embedderBytes: number;
  /** Contents of array buffers. It was checked that V8 does not count WebAssembly memory here. */
  readonly backingBytes: number;
  /** Sum of the isolate's WebAssembly memories. */
  readonly wasmBytes: number;
  /**
   * Resident memory of the whole workerd process, with Miniflare's services and V8's machine code; undefined without
   * /proc.
   */
  readonly residentBytes?: number;
}

export interface MemoryMeasurement {
  /** A Worker that has answered /health and loaded no model. */
  readonly idle: MemoryFigures;
  /** The same Worker with its model loaded and the context window full. */
  readonly full: MemoryFigures;
  /** Which build of the kernels runs there. */
  readonly kernels: string;
}

/** Measures a Worker's memory without and with its model, through V8's inspector in the isolate. */
export async function measureMemory(job: WorkerJob, task: Task): Promise<MemoryMeasurement> {
  const port = await freePort();
  const worker = await BenchWorker.start(job, port);
  try {
    const inspector = await Inspector.connect(port);
    const idle = await look(worker, inspector);
    // A prompt that leaves two positions, and a decode step after it: every block of the KV cache is allocated.
    await worker.complete(task.tokens.slice(0, -2), 2);
    const full = await look(worker, inspector);
    inspector.close();
    return { idle, full, kernels: await worker.kernels() };
  } finally {
    await worker.stop();
  }
}

async function look(worker: BenchWorker, inspector: Inspector): Promise<MemoryFigures> {
  return { ...(await isolateMemory(inspector)), residentBytes: worker.process?.residentBytes };
}

/** The memory that an isolate holds once its garbage is collected. */
export async function isolateMemory(inspector: Inspector): Promise<Omit<MemoryFigures, 'residentBytes'>> {
  // V8 collects all garbage before this search. workerd never answers HeapProfiler.collectGarbage.
  await wasmBytes(inspector);
  // The second time collects what finalizers have released.
  const wasm = await wasmBytes(inspector);
  const usage = await inspector.send<{ usedSize: number; embedderHeapUsedSize: number; backingStorageSize: number }>(
    'Runtime.getHeapUsage',
  );
  return {
    heapBytes: usage.usedSize,
    embedderBytes: usage.embedderHeapUsedSize,
    backingBytes: usage.backingStorageSize,
    wasmBytes: wasm,
  };
}

/** Sum of all WebAssembly memories in the isolate. */
export async function wasmBytes(inspector: Inspector): Promise<number> {
  const { objects } = await inspector.send<{ objects: { objectId: string } }>('Runtime.queryObjects', {
    prototypeObjectId: await inspector.evaluate('WebAssembly.Memory.prototype'),
  });
  const { result } = await inspector.send<{ result: { value: number } }>('Runtime.callFunctionOn', {
    objectId: objects.objectId,
    functionDeclaration: 'function () { return this.reduce((sum, memory) => sum + memory.buffer.byteLength, 0); }',
    returnByValue: true,
  });
  // An object that the inspector still refers to would not be collected.
  await inspector.send('Runtime.releaseObject', { objectId: objects.objectId });
  return result.value;
}
