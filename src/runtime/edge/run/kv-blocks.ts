import { GptEdgeError } from '../../../core/errors.ts';
import type { EngineMemory } from './engine-memory.ts';

/**
 * The KV caches of all sequences, in chunks of some positions each, behind everything else in the engine's memory. A chunk belongs to one
 * sequence or, once it is full, to several that share a past. Memory grows when none is free, and never shrinks.
 */
export class KvChunks {
  readonly #memory: EngineMemory;
  readonly #start: number;
  readonly #chunkBytes: number;
  readonly #maxChunks: number;
  readonly #free: number[] = [];
  readonly #owners = new Map<number, number>();

  constructor(memory: EngineMemory, { start, chunkBytes, maxChunks }: { start: number; chunkBytes: number; maxChunks: number }) {
    this.#memory = memory;
    this.#start = start;
    this.#chunkBytes = chunkBytes;
    this.#maxChunks = maxChunks;
  }

  /** Chunks that sequences hold. */
  get used(): number {
    return this.#owners.size;
  }

  /**
   * @returns the chunk's address
   * @throws GptEdgeError `memory_limit_exceeded` where all are taken
   */
  take(): number {
    const chunk = this.#free.pop() ?? this.#grow();
    this.#owners.set(chunk, 1);
    return chunk;
  }

  /** One more sequence reads the chunk. */
  share(chunk: number): void {
    this.#owners.set(chunk, this.#owners.get(chunk)! + 1);
  }

  /** Takes the chunks out of a sequence's list, from the index `from` on; those that no other sequence reads become free. */
  releaseAll(chunks: number[], from = 0): void {
    for (const chunk of chunks.splice(from)) this.#release(chunk);
  }

  #release(chunk: number): void {
    const owners = this.#owners.get(chunk)! - 1;
    if (owners > 0) this.#owners.set(chunk, owners);
    else {
      this.#owners.delete(chunk);
      this.#free.push(chunk);
    }
  }

  /** A chunk of the sequence's own with what `chunk` holds. */
  copy(chunk: number): number {
    const copy = this.take();
    this.#memory.views.u8.copyWithin(copy, chunk, chunk + this.#chunkBytes);
    return copy;
  }

  #grow(): number {
    const count = this.#owners.size + this.#free.length;
    if (count >= this.#maxChunks)
      throw new GptEdgeError(
        'memory_limit_exceeded',
        `The KV cache has no room for another ${this.#chunkBytes} bytes: the requests that are being answered hold all of its ${this.#maxChunks * this.#chunkBytes}. Try again when one has ended.`,
      );
    const chunk = this.#start + count * this.#chunkBytes;
    this.#memory.growTo(chunk + this.#chunkBytes);
    return chunk;
  }
}
