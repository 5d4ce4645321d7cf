import { FIRST_FREE_BYTE, WASM_PAGE_BYTES } from '../../src/kernels/kernels.ts';
import type { MemoryRange } from './compare.ts';

/** Room after each piece, in which a row that a kernel wrongly writes past the end is noticed. */
const GAP = 1024;

/** Hands out a test's memory piece by piece, with a gap after each piece that no kernel may write to. */
export class TestMemory {
  #next = FIRST_FREE_BYTE;
  readonly scratches: MemoryRange[] = [];

  /** Returns an address that is a multiple of 16. */
  take(bytes: number): number {
    const address = this.#next;
    this.#next = Math.ceil((address + bytes) / 16) * 16 + GAP;
    return address;
  }

  /** Returns the address of bytes that are not compared. */
  scratch(bytes: number): number {
    const from = this.take(bytes);
    this.scratches.push({ from, bytes });
    return from;
  }

  get pages(): number {
    return Math.ceil(this.#next / WASM_PAGE_BYTES);
  }
}
