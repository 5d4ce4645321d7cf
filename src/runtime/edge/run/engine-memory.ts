import { GptEdgeError } from '../../../core/errors.ts';
import { WASM_PAGE_BYTES } from '../../../kernels/kernels.ts';
import { type MemoryViews, memoryViews } from '../../../kernels/memory-views.ts';

/** A WebAssembly memory that grows, with views on it that stay valid. */
export class EngineMemory {
  readonly memory: WebAssembly.Memory;
  #views: MemoryViews;

  constructor(bytes: number) {
    this.memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / WASM_PAGE_BYTES) });
    this.#views = memoryViews(this.memory.buffer);
  }

  get bytes(): number {
    return this.memory.buffer.byteLength;
  }

  get views(): MemoryViews {
    // Growing detaches the old buffer.
    if (this.#views.u8.buffer !== this.memory.buffer) this.#views = memoryViews(this.memory.buffer);
    return this.#views;
  }

  /** @throws GptEdgeError `memory_limit_exceeded` where the host has no more */
  growTo(bytes: number): void {
    const missing = Math.ceil((bytes - this.bytes) / WASM_PAGE_BYTES);
    if (missing <= 0) return;
    try {
      this.memory.grow(missing);
    } catch (cause) {
      throw new GptEdgeError('memory_limit_exceeded', `WebAssembly memory cannot grow to ${bytes} bytes.`, { param: 'model', cause });
    }
  }
}
