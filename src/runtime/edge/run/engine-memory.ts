import { GptEdgeError } from '../../../core/errors.ts';
import { WASM_PAGE_BYTES } from '../../../kernels/kernels.ts';
import { type MemoryViews, memoryViews } from '../../../kernels/memory-views.ts';

/** A WebAssembly memory that can grow, with views on it that are renewed when it has grown. */
export class EngineMemory {
  readonly memory: WebAssembly.Memory;
  #views: MemoryViews;

  constructor(bytes: number) {
    this.memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / WASM_PAGE_BYTES) });
    this.#views = memoryViews(this.memory.buffer);
  }

  /** The memory's size. */
  get bytes(): number {
    return this.memory.buffer.byteLength;
  }

  /** Views on the whole memory, valid until it grows. */
  get views(): MemoryViews {
    // Growing the memory detaches the old buffer.
    if (this.#views.u8.buffer !== this.memory.buffer) this.#views = memoryViews(this.memory.buffer);
    return this.#views;
  }

  /**
   * Makes the memory at least so large.
   * @throws GptEdgeError `memory_limit_exceeded` if the host has no more memory
   */
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
