import type { Dtype, Weight, WeightTarget } from '../dtypes/dtype.ts';

/** The sizes that a manifest states. */
export interface DecoderShape {
  readonly contextWindow: number;
  readonly vocabularySize: number;
  readonly layers: number;
  readonly hiddenSize: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  /** Values of one head in the KV cache: the model's own, or more where it was padded. */
  readonly headDimension: number;
}

/** What an architecture's graph is written with. */
export interface GraphContext extends WeightTarget {
  readonly dtype: Dtype;
  /** One of the plan's tensors, by the plan's name. */
  read(tensor: string): Promise<Weight>;
}

/** One model's decoder, thought through before any weight is read. */
export interface DecoderPlan {
  readonly shape: DecoderShape;
  /** Shape of each tensor that the checkpoint must hold, by name without `prefix`. */
  readonly tensors: ReadonlyMap<string, readonly number[]>;
  /** What some checkpoints put before the names. */
  readonly prefix: string;
  /** Tensors that checkpoints hold without need, by name without `prefix`. */
  isIgnored(name: string): boolean;
  /** Multiply-adds of all matrix products for one token, output head included. */
  readonly multiplyAddsPerToken: number;
  writeGraph(context: GraphContext): Promise<void>;
}

/** A family of models with one graph. */
export interface Architecture {
  /** `model_type` in config.json. */
  readonly modelType: string;
  /**
   * @param config the parsed config.json
   * @param contextWindow positions to keep, at most the model's own; all by default
   * @throws GptEdgeError `invalid_file` for a field that makes no sense, `unsupported_model` for one that is not implemented
   */
  plan(config: unknown, contextWindow?: number): DecoderPlan;
}
