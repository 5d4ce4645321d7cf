import { GptEdgeError } from '../../model/errors.ts';
import type { EngineMemory } from './engine-memory.ts';

/**
 * The KV caches' pages of all sequences, behind everything else in the engine's memory. A page belongs to one sequence or, once it is full,
 * to several that share a past. Memory grows when no page is free, and never shrinks.
 */
export class KvPages {
  readonly #memory: EngineMemory;
  readonly #start: number;
  readonly #pageBytes: number;
  readonly #maxPages: number;
  readonly #free: number[] = [];
  readonly #owners = new Map<number, number>();

  constructor(memory: EngineMemory, { start, pageBytes, maxPages }: { start: number; pageBytes: number; maxPages: number }) {
    this.#memory = memory;
    this.#start = start;
    this.#pageBytes = pageBytes;
    this.#maxPages = maxPages;
  }

  /** Pages that sequences hold. */
  get used(): number {
    return this.#owners.size;
  }

  /**
   * @returns the page's address
   * @throws GptEdgeError `memory_limit_exceeded` where all are taken
   */
  take(): number {
    const page = this.#free.pop() ?? this.#grow();
    this.#owners.set(page, 1);
    return page;
  }

  /** One more sequence reads the page. */
  share(page: number): void {
    this.#owners.set(page, this.#owners.get(page)! + 1);
  }

  /** Takes the pages out of a sequence's list, from the index `from` on; those that no other sequence reads become free. */
  releaseAll(pages: number[], from = 0): void {
    for (const page of pages.splice(from)) this.#release(page);
  }

  #release(page: number): void {
    const owners = this.#owners.get(page)! - 1;
    if (owners > 0) this.#owners.set(page, owners);
    else {
      this.#owners.delete(page);
      this.#free.push(page);
    }
  }

  /** A page of the sequence's own with what `page` holds. */
  copy(page: number): number {
    const copy = this.take();
    this.#memory.views.u8.copyWithin(copy, page, page + this.#pageBytes);
    return copy;
  }

  #grow(): number {
    const count = this.#owners.size + this.#free.length;
    if (count >= this.#maxPages)
      throw new GptEdgeError(
        'memory_limit_exceeded',
        `The KV cache has no room for another ${this.#pageBytes} bytes: the requests that are being answered hold all of its ${this.#maxPages * this.#pageBytes}. Try again when one has ended.`,
      );
    const page = this.#start + count * this.#pageBytes;
    this.#memory.growTo(page + this.#pageBytes);
    return page;
  }
}
