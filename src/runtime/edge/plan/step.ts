import type { Kernels } from '../../../kernels/kernels.ts';
import type { VocabularyKernels } from '../../../kernels/vocabulary-kernels.ts';

/** A number that a kernel is called with: fixed, or found out when buffers, weights and the call are known. */
export type Operand =
  | number
  /** Where a buffer's rows begin, `offset` bytes further. */
  | { readonly buffer: number; readonly offset: number }
  /** Bytes between a buffer's rows. */
  | { readonly stride: number }
  | { readonly weight: number }
  | 'tokens'
  | 'positions'
  /** How many rows are computed. */
  | 'rows'
  /** Position of the first of them. */
  | 'position'
  | 'pages'
  | 'scratch';

/** One call of a kernel. */
export interface Step {
  readonly node: string;
  readonly kernel: Exclude<keyof Kernels, 'initialize' | keyof VocabularyKernels>;
  readonly operands: readonly Operand[];
  /** Buffers. A step that writes what it reads works in place. */
  readonly reads: readonly number[];
  readonly writes: readonly number[];
  /** Of one row; attention over the cache not counted. */
  readonly multiplyAdds: number;
}

/** A buffer of the plan: what one step writes and others read. */
export interface PlannedBuffer {
  readonly name: string;
  /** Bytes between rows; 0 where rows are not laid out one behind the other, so that a part of them cannot be read. */
  readonly stride: number;
  readonly width: number;
  /** Bytes for so many rows. */
  bytes(rows: number): number;
}
