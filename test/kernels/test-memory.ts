import { FIRST_FREE_BYTE, WASM_PAGE_BYTES } from '../../src/kernels/kernels.ts';
import type { MemoryRange } from './compare.ts';

/** Room for rows that a kernel may wrongly write behind the last. */
const GAP = 1024;

/** Hands out a test's memory, piece after piece, with a gap behind each that no kernel may write to. */
export class TestMemory {
  #next = FIRST_FREE_BYTE;
  readonly scratches: MemoryRange[] = [];

  /** An address at a multiple of 16. */
  take(bytes: number): number {
    const address = this.#next;
    this.#next = Math.ceil((address + bytes) / 16) * 16 + GAP;
    return address;
  }

  /** An address of bytes that are not compared. */
  scratch(bytes: number): number {
    const from = this.take(bytes);
    this.scratches.push({ from, bytes });
    return from;
  }

  get pages(): number {
    return Math.ceil(this.#next / WASM_PAGE_BYTES);
  }
}
