import type { Dtype, GraphTarget, Weight, WeightInPieces } from '../dtypes/dtype.ts';

/** A decoder's sizes, as a manifest states them. */
export interface DecoderShape {
  readonly contextWindow: number;
  readonly vocabularySize: number;
  readonly layers: number;
  readonly hiddenSize: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  /** Values of one head in the KV cache: the model's own head size, or more if it was padded. */
  readonly headDimension: number;
}

/** What an architecture needs in order to write its graph. */
export interface GraphContext extends GraphTarget {
  readonly dtype: Dtype;
  /** Reads one of the plan's tensors, by the plan's name. */
  read(tensor: string): Promise<Weight>;
  /** Reads one of the plan's tables in pieces, since it may take most of a model's bytes. */
  table(tensor: string): WeightInPieces;
}

/** One model's decoder: everything that can be decided before any weight is read. */
export interface DecoderPlan {
  readonly shape: DecoderShape;
  /** Shape of each tensor that the checkpoint must hold, by name without `prefix`. */
  readonly tensors: ReadonlyMap<string, readonly number[]>;
  /** A prefix that some checkpoints put before the names. */
  readonly prefix: string;
  /** The plan's names of tensors that some checkpoints give another name, by that name, both without `prefix`. */
  readonly otherNames?: Readonly<Record<string, string>>;
  /** The names of the table and of the head, without `prefix`, if both are the same tensor. */
  readonly tied?: { readonly table: string; readonly head: string };
  /** Values of these tensors that no graph reads. Default: 0 */
  readonly unusedParameters?: number;
  /** Whether a tensor may be in the checkpoint although the plan does not need it, by name without `prefix`. */
  isIgnored(name: string): boolean;
  /** Multiply-adds of all matrix products for one token, output head included. */
  readonly multiplyAddsPerToken: number;
  writeGraph(context: GraphContext): Promise<void>;
}

/** A family of models that share one graph. */
export interface Architecture {
  /** `model_type` in config.json. */
  readonly modelType: string;
  /**
   * Plans a decoder from its configuration.
   * @param config the parsed config.json
   * @param contextWindow positions to keep, at most the model's own. Default: all of them
   * @throws GptEdgeError `invalid_file` for an invalid field, `unsupported_model` for a value that is not implemented
   */
  plan(config: unknown, contextWindow?: number): DecoderPlan;
}

/** Counts the values of all tensors of a plan that are used. A tied embedding is one tensor, and so counts once. */
export function countParameters({ tensors, unusedParameters = 0 }: DecoderPlan): number {
  const all = [...tensors.values()].reduce((sum, shape) => sum + shape.reduce((product, size) => product * size, 1), 0);
  return all - unusedParameters;
}
