/** A query's or key's matrix, row-major: heads * headSize rows of `columns` values. */
export interface HeadRows {
  readonly heads: number;
  /** Rows, and so values in each position's vector, of one head; even. */
  readonly headSize: number;
  /** Values of one row, or blocks where they are moved. */
  readonly columns: number;
}

/**
 * Moves rows from RoPE's interleaved order, which Meta's Llama, llama2.c and GGUF have, to the half-rotated order of Hugging Face and
 * ONNX Runtime: the pair that is rotated together, rows 2i and 2i + 1 of a head, becomes rows i and i + headSize / 2.
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
