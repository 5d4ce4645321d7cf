/**
 * Moves rows from RoPE's interleaved order, which Meta's Llama, llama2.c and GGUF use, into the half-rotated order of
 * Hugging Face and ONNX Runtime: two rows that are rotated together, 2i and 2i + 1 of a head, become rows i and i +
 * headSize / 2.
 * @param headSize rows of one head, and so values of one head in a query or key; an even number
 * @returns for a row's place in the half-rotated order, the row that comes there
 */
export function halfRotated(headSize: number): (row: number) => number {
  const half = headSize / 2;
  return (row) => {
    const place = row % headSize;
    return row - place + (place < half ? 2 * place : 2 * (place - half) + 1);
  };
}
