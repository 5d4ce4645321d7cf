/** A tensor as a checkpoint stores it. */
export interface SourceTensor {
  readonly name: string;
  /** The checkpoint's own name for the element type: F32, F16, BF16, … */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Bytes it takes in the checkpoint. */
  readonly bytes: number;
}

/** Named tensors, wherever they lie. Nothing is read until asked for. */
export interface TensorSource {
  readonly tensors: ReadonlyMap<string, SourceTensor>;
  /**
   * The values of one tensor, row-major.
   * @throws GptEdgeError `invalid_file` when its element type holds no weights, or the file has changed meanwhile
   */
  read(name: string): Promise<Float32Array>;
  close(): Promise<void>;
}
