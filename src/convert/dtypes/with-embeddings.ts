import type { Dtype } from './dtype.ts';

/** `dtype` for all but embeddings and output heads, which are stored as `embeddings` stores them. The name says both, in 16 characters at most. */
export function withEmbeddings(dtype: Dtype, embeddings: Dtype): Dtype {
  if (dtype.name === embeddings.name) return dtype;
  return {
    name: `${dtype.name} (tables ${embeddings.name})`,
    multiply: (target, name, x, matrix) => dtype.multiply(target, name, x, matrix),
    vector: (target, name, vector) => dtype.vector(target, name, vector),
    table: (target, name, table) => embeddings.table(target, name, table),
  };
}
