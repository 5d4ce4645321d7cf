/** A tensor as a checkpoint stores it. */
export interface SourceTensor {
  readonly name: string;
  /** The checkpoint's own name for the element type: F32, F16, BF16, Q4_0, … */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Bytes that it takes in the checkpoint. */
  readonly bytes: number;
  /** What its blocks are like, if reading it gives blocks. */
  readonly blocks?: BlockKind;
}

/** What all blocks of a format have in common. */
export interface BlockKind {
  readonly bits: 4 | 8;
  /** Whether every zero point is the implicit one, 2^(bits - 1). */
  readonly isSymmetric: boolean;
}

/**
 * Values stored as small whole numbers, with a scale and a zero point for each 32 of them: value = scale * (code -
 * zeroPoint). Rows are the first axis, and blocks lie along the last.
 */
export interface QuantizedBlocks {
  readonly bits: 4 | 8;
  /** One code for each value, row-major, 0 to 2^bits - 1. */
  readonly codes: Uint8Array;
  /** One scale for each block, row-major. */
  readonly scales: Float32Array;
  /** One zero point for each block, in units of codes. It is not always a whole number. */
  readonly zeroPoints: Float32Array;
}

/** A tensor's values, row-major, and the blocks that they came from if the checkpoint stores any. */
export interface TensorValues {
  readonly values: Float32Array;
  readonly blocks?: QuantizedBlocks;
  /** The blocks of the transposed matrix, if the checkpoint's blocks lie along the matrix's first axis. */
  readonly transposedBlocks?: QuantizedBlocks;
}

/** Named tensors of a checkpoint. None is read until it is asked for. */
export interface TensorSource {
  /** The file that messages about its tensors name. Default: model.safetensors. */
  readonly file?: string;
  readonly tensors: ReadonlyMap<string, SourceTensor>;
  /**
   * Reads the values of one tensor.
   * @throws GptEdgeError `invalid_file` if its element type holds no weights, or the file has changed in the meantime
   */
  read(name: string): Promise<TensorValues>;
  /**
   * Reads `count` rows of a matrix [rows, columns], from row `start` on. A source may read the whole matrix for that.
   * @throws GptEdgeError as `read`
   */
  readRows(name: string, start: number, count: number): Promise<TensorValues>;
  close(): Promise<void>;
}
