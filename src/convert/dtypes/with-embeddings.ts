import type { Dtype } from './dtype.ts';

/**
 * Returns a dtype that stores embeddings and output heads as `embeddings` does, and everything else as `dtype` does.
 */
export function withEmbeddings(dtype: Dtype, embeddings: Dtype): Dtype {
  if (dtype.name === embeddings.name) return dtype;
  return {
    name: dtype.name,
    tablesName: embeddings.name,
    multiply: (target, name, x, matrix) => dtype.multiply(target, name, x, matrix),
    vector: (target, name, vector) => dtype.vector(target, name, vector),
    table: (target, name, table) => embeddings.table(target, name, table),
  };
}
