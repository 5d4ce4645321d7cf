import { GptEdgeError } from '../../../core/errors.ts';
import { WASM_PAGE_BYTES } from '../../../kernels/kernels.ts';
import { type MemoryViews, memoryViews } from '../../../kernels/memory-views.ts';

/** Seconds after which the host may have more memory: other work of the isolate has ended. */
const RETRY_SECONDS = 1;

/** A WebAssembly memory that can grow, with views on it that are renewed when it has grown. */
export class EngineMemory {
  readonly memory: WebAssembly.Memory;
  #views: MemoryViews;

  /** @throws GptEdgeError `memory_limit_exceeded` if the host has less memory */
  constructor(bytes: number) {
    try {
      this.memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / WASM_PAGE_BYTES) });
    } catch (cause) {
      throw tooLarge(bytes, cause);
    }
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
   * Makes the memory at least this large.
   * @throws GptEdgeError `memory_limit_exceeded` if the host has no more memory
   */
  growTo(bytes: number): void {
    const missing = Math.ceil((bytes - this.bytes) / WASM_PAGE_BYTES);
    if (missing <= 0) return;
    try {
      this.memory.grow(missing);
    } catch (cause) {
      throw tooLarge(bytes, cause);
    }
  }
}

const tooLarge = (bytes: number, cause: unknown) =>
  new GptEdgeError('memory_limit_exceeded', `There is no room for ${bytes} bytes of WebAssembly memory now. Try again later.`, {
    param: 'model',
    cause,
    retryAfterSeconds: RETRY_SECONDS,
  });
