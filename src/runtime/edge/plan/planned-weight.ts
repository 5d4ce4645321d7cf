import type { StoredTensor } from '../graph/stored-tensor.ts';

/**
 * How a weight lies in WebAssembly memory: packed as the matrix kernels of that name read it, or `plain`, which is
 * float32 in its own order (norms, biases, rotary tables).
 */
export type WeightLayout = 'q4' | 'q8' | 'f16' | 'f32' | 'plain';

/** A weight of the plan: where it is stored, and how it will lie in memory. */
export interface PlannedWeight {
  readonly name: string;
  readonly layout: WeightLayout;
  readonly outputs: number;
  readonly inputs: number;
  /** Whether the matrix is stored as [inputs, outputs] and not as [outputs, inputs]. */
  readonly transposed: boolean;
  /** Whether output p is read for position p, and for nothing else: a shorter context window needs fewer of them. */
  readonly isByPosition?: boolean;
  /** Bytes in WebAssembly memory. */
  readonly bytes: number;
  /** The elements of the matrix, or its codes if it is quantized. */
  readonly elements: StoredTensor;
  /** The scales of a quantized matrix: float32 [outputs, blocks]. */
  readonly scales?: StoredTensor;
  /** The zero points of a quantized matrix: [outputs, blocks] in float32, or packed as 4 bits each. */
  readonly zeroPoints?: StoredTensor;
  /** Weights that share a scale, a multiple of 32. */
  readonly blockSize?: number;
}
