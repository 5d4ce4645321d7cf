/** A tensor as a checkpoint stores it. */
export interface SourceTensor {
  readonly name: string;
  /** The checkpoint's own name for the element type: F32, F16, BF16, … */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Bytes it takes in the checkpoint. */
  readonly bytes: number;
}

/**
 * Values stored as small whole numbers with a scale and a zero point for each 32 of a row:
 * value = scale * (code - zeroPoint). Rows are the first axis, blocks lie along the last.
 */
export interface QuantizedBlocks {
  readonly bits: 4 | 8;
  /** One code for each value, row-major, 0 to 2^bits - 1. */
  readonly codes: Uint8Array;
  /** One for each block, row-major. */
  readonly scales: Float32Array;
  /** One for each block, in units of codes; not always whole. */
  readonly zeroPoints: Float32Array;
}

/** A tensor's values, row-major; with the blocks they came from where the checkpoint stores such. */
export interface TensorValues {
  readonly values: Float32Array;
  readonly blocks?: QuantizedBlocks;
  /** The same of a matrix whose blocks lie along its first axis: those of the transposed matrix. */
  readonly transposedBlocks?: QuantizedBlocks;
}

/** Named tensors, wherever they lie. Nothing is read until asked for. */
export interface TensorSource {
  /** What messages about its tensors name. Default: model.safetensors. */
  readonly file?: string;
  readonly tensors: ReadonlyMap<string, SourceTensor>;
  /**
   * The values of one tensor.
   * @throws GptEdgeError `invalid_file` when its element type holds no weights, or the file has changed meanwhile
   */
  read(name: string): Promise<TensorValues>;
  close(): Promise<void>;
}
