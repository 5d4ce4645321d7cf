/** A matrix that makes queries or keys, row-major: heads * headSize rows of `columns` values. */
export interface HeadRows {
  readonly heads: number;
  /** Rows of one head, and so values of one head in a query or key. The number is even. */
  readonly headSize: number;
  /** Values of one row, or blocks of one row if it is their codes or scales that are moved. */
  readonly columns: number;
}

/**
 * Moves rows from RoPE's interleaved order, which Meta's Llama, llama2.c and GGUF use, into the half-rotated order of
 * Hugging Face and ONNX Runtime: two rows that are rotated together, 2i and 2i + 1 of a head, become rows i and i +
 * headSize / 2.
 */
export function toHalfRotatedRows<T extends Float32Array | Uint8Array>(source: T, { heads, headSize, columns }: HeadRows): T {
  const target = source.slice() as T;
  for (let head = 0; head < heads; head++) {
    for (let row = 0; row < headSize; row++) {
      const from = (head * headSize + row) * columns;
      const to = (head * headSize + (row >> 1) + (row % 2) * (headSize / 2)) * columns;
      target.set(source.subarray(from, from + columns), to);
    }
  }
  return target;
}
