import type { ExternalDataWriter } from '../graph/external-data-writer.ts';
import type { GraphBuilder } from '../graph/graph-builder.ts';
import type { TensorValues } from '../tensors/tensor-source.ts';

/** A weight on its way from the checkpoint into the model folder. */
export interface Weight extends TensorValues {
  readonly shape: readonly number[];
}

/** A matrix and the order of its axes: GPT-2's own is [inputs, outputs], that of most others [outputs, inputs]. */
export interface Matrix extends Weight {
  readonly order: 'inputs-first' | 'outputs-first';
}

/** Where weights and the nodes that read them go. */
export interface WeightTarget {
  readonly graph: GraphBuilder;
  readonly data: ExternalDataWriter;
}

/** A stored matrix [entries, width] that is read by row, by whole, or, as a tied embedding is, both ways; each way once. */
export interface Table {
  /** Rows of the table by `ids`, int64 [batch, positions]: float32 [batch, positions, width]. */
  lookUp(name: string, ids: string): string;
  /** `x` float32 [batch, positions, width] times the transposed table: float32 [batch, positions, entries]. */
  project(name: string, x: string): string;
}

/**
 * How weights are stored and how the graph reads them. Whatever the storage, values between nodes are float32.
 * Every method stores its weight under `<name>.weight` or `name` and returns the name of a value.
 */
export interface Dtype {
  readonly name: string;
  /** The name of the dtype of tables, if it is another. */
  readonly tablesName?: string;
  /** `x` float32 [..., inputs] times a matrix: float32 [..., outputs]. */
  multiply(target: WeightTarget, name: string, x: string, matrix: Matrix): Promise<string>;
  /** A norm's scale or a bias, as a float32 value. */
  vector(target: WeightTarget, name: string, vector: Weight): Promise<string>;
  /** An embedding or an output head, both [entries, width]. */
  table(target: WeightTarget, name: string, table: Weight): Promise<Table>;
}
