import type { AttentionKernels } from './attention-kernels.ts';
import type { MatrixKernels } from './matrix-kernels.ts';
import type { RowKernels } from './row-kernels.ts';
import type { VocabularyKernels } from './vocabulary-kernels.ts';

/**
 * The kernels, as the WebAssembly module exports them and as the plain twins have them: the same bits from both. Addresses and strides
 * are in bytes, everything else in elements. Rows of floats start at multiples of 16 bytes; what lies between the end of a row and its
 * stride may hold anything, is never read into a result, and may be overwritten where a kernel says so.
 */
export interface Kernels extends MatrixKernels, RowKernels, AttentionKernels, VocabularyKernels {
  /** Fills the constants that kernels read from memory; once for each memory, before any other. */
  initialize(): void;
}

/** WebAssembly memory is sized and grows in pages of this many bytes. */
export const WASM_PAGE_BYTES = 65_536;

/** The first byte that is free for the host's own memory plan. */
export const FIRST_FREE_BYTE = 4096;
