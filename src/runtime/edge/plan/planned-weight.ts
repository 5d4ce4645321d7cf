import type { StoredTensor } from '../graph/stored-tensor.ts';

/** How a weight lies in WebAssembly memory: packed as the kernels of that name read it, or float32 as it comes (norms, biases, rotary tables). */
export type WeightLayout = 'q4' | 'q8' | 'f16' | 'f32' | 'plain';

export interface PlannedWeight {
  readonly name: string;
  readonly layout: WeightLayout;
  readonly outputs: number;
  readonly inputs: number;
  /** Stored as [inputs, outputs]. */
  readonly transposed: boolean;
  readonly bytes: number;
  /** Elements, or codes. */
  readonly elements: StoredTensor;
  /** Of codes: float32 [outputs, blocks]. */
  readonly scales?: StoredTensor;
  readonly zeroPoints?: StoredTensor;
  /** Values that share a scale, a multiple of 32. */
  readonly blockSize?: number;
}
