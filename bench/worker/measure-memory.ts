import { createServer } from 'node:net';
import type { Task } from '../task.ts';
import { BenchWorker, type WorkerJob } from './bench-worker.ts';
import { Inspector } from './inspector.ts';

/** What an isolate and its process hold, in bytes. */
export interface MemoryFigures {
  /** JavaScript objects and compiled bytecode, after a collection. */
  readonly heapBytes: number;
  /** What workerd's own objects hold for the isolate, as V8 counts it. */
  readonly embedderBytes: number;
  /** What array buffers point to. V8 does not count WebAssembly memory here: that was checked. */
  readonly backingBytes: number;
  /** Sum of the isolate's WebAssembly memories. */
  readonly wasmBytes: number;
  /** Of the whole workerd process, with Miniflare's services and V8's machine code; undefined where there is no /proc. */
  readonly residentBytes?: number;
}

export interface MemoryMeasurement {
  /** A Worker that has answered /health, and has no model. */
  readonly idle: MemoryFigures;
  /** The model loaded, and its context window full. */
  readonly full: MemoryFigures;
}

/** A Worker's memory without and with its model, seen by V8's inspector from inside the isolate. */
export async function measureMemory(job: WorkerJob, task: Task): Promise<MemoryMeasurement> {
  const port = await freePort();
  const worker = await BenchWorker.start(job, port);
  try {
    const inspector = await Inspector.connect(port);
    const idle = await look(worker, inspector);
    // The window but two, and a step behind them: every page of the KV cache is taken.
    await worker.complete(task.tokens.slice(0, job.folder.manifest.contextWindow - 2), 2);
    const full = await look(worker, inspector);
    inspector.close();
    return { idle, full };
  } finally {
    await worker.stop();
  }
}

async function look(worker: BenchWorker, inspector: Inspector): Promise<MemoryFigures> {
  // V8 collects all garbage before it searches; workerd leaves HeapProfiler.collectGarbage unanswered.
  await wasmBytes(inspector);
  // What finalizers give back is collected the second time.
  const wasm = await wasmBytes(inspector);
  const usage = await inspector.send<{ usedSize: number; embedderHeapUsedSize: number; backingStorageSize: number }>(
    'Runtime.getHeapUsage',
  );
  return {
    heapBytes: usage.usedSize,
    embedderBytes: usage.embedderHeapUsedSize,
    backingBytes: usage.backingStorageSize,
    wasmBytes: wasm,
    residentBytes: worker.process?.residentBytes,
  };
}

async function wasmBytes(inspector: Inspector): Promise<number> {
  const { objects } = await inspector.send<{ objects: { objectId: string } }>('Runtime.queryObjects', {
    prototypeObjectId: await inspector.evaluate('WebAssembly.Memory.prototype'),
  });
  const { result } = await inspector.send<{ result: { value: number } }>('Runtime.callFunctionOn', {
    objectId: objects.objectId,
    functionDeclaration: 'function () { return this.reduce((sum, memory) => sum + memory.buffer.byteLength, 0); }',
    returnByValue: true,
  });
  // What the inspector refers to is no garbage.
  await inspector.send('Runtime.releaseObject', { objectId: objects.objectId });
  return result.value;
}

/** Miniflare names no port that it has chosen for the inspector. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
