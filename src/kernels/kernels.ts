import type { AttentionKernels } from './attention-kernels.ts';
import type { MatrixKernels } from './matrix-kernels.ts';
import type { RowKernels } from './row-kernels.ts';
import type { VocabularyKernels } from './vocabulary-kernels.ts';

/**
 * The kernels, as the WebAssembly module exports them and as the plain reference implements them: the same bits from
 * both. Addresses and strides are in bytes, everything else is in elements. Rows of floats start at multiples of 16
 * bytes. The bytes between the end of a row and its stride may hold anything: they never affect a result, and a kernel
 * may overwrite them where its description says so.
 */
export interface Kernels extends MatrixKernels, RowKernels, AttentionKernels, VocabularyKernels {}

/** WebAssembly memory is sized and grows in pages of this many bytes. */
export const WASM_PAGE_BYTES = 65_536;

/** The first byte that is free for the host's own memory plan. The kernels' constants lie below. */
export const FIRST_FREE_BYTE = 4096;
