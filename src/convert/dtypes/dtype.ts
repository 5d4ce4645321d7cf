import type { GraphBuilder } from '../graph/graph-builder.ts';
import type { WeightData } from '../graph/weight-data.ts';
import type { BlockKind, TensorValues } from '../tensors/tensor-source.ts';

/** A weight on its way from the checkpoint into the model folder. */
export interface Weight extends TensorValues {
  readonly shape: readonly number[];
}

/** A matrix [rows, columns] that is too large to be held as a whole, on its way into the model folder. */
export interface WeightInPieces {
  readonly shape: readonly number[];
  /** What the blocks of its pieces are like, if they come with any. */
  readonly blocks?: BlockKind;
  /** Reads it from its first row to its last, in pieces of whole rows. */
  pieces(): AsyncIterable<TensorValues>;
}

/** A matrix and the order of its axes: [inputs, outputs] in GPT-2, [outputs, inputs] in most other models. */
export interface Matrix extends Weight {
  readonly order: 'inputs-first' | 'outputs-first';
}

/** What a weight is written to: its bytes into the external data, the nodes that read it into the graph. */
export interface GraphTarget {
  readonly graph: GraphBuilder;
  readonly data: WeightData;
}

/**
 * A stored matrix [entries, width] that is read row by row, as a whole, or, as a tied embedding is, in both ways. Each
 * method may be called once.
 */
export interface Table {
  /** Looks up rows of the table by `ids`, int64 [batch, positions]: float32 [batch, positions, width]. */
  lookUp(name: string, ids: string): string;
  /**
   * Multiplies `x`, float32 [batch, positions, width], by the transposed table: float32 [batch, positions, entries].
   */
  project(name: string, x: string): string;
}

/**
 * How weights are stored and how the graph reads them. However they are stored, values between nodes are float32. Every
 * method stores its weight under `name` or `<name>.weight`, and returns the name of a value or a table.
 */
export interface Dtype {
  readonly name: string;
  /** The name of the dtype of tables, if it is not the same. */
  readonly tablesName?: string;
  /** Multiplies `x`, float32 [..., inputs], by a matrix: float32 [..., outputs]. */
  multiply(target: GraphTarget, name: string, x: string, matrix: Matrix): Promise<string>;
  /** Stores a norm's scale or a bias, as a float32 value. */
  vector(target: GraphTarget, name: string, vector: Weight): Promise<string>;
  /** Stores an embedding or an output head: [entries, width] in both cases. */
  table(target: GraphTarget, name: string, table: Weight | WeightInPieces): Promise<Table>;
}
