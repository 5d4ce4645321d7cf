import type { GraphProto, ValueInfoProto } from './onnx-ml_pb.js';

// The interface of a decoder graph: its inputs and outputs by the names that transformers.js gives them. The converter
// writes these names, and both engines read them.

/** The input of a call's tokens: int64 [batch_size, sequence_length]. */
export const INPUT_IDS = 'input_ids';
/**
 * The input that has a one for each position, those of the call included: int64 [batch_size, total_sequence_length].
 */
export const ATTENTION_MASK = 'attention_mask';
/** The optional input of the tokens' positions: int64 [batch_size, sequence_length]. */
export const POSITION_IDS = 'position_ids';
/** The optional input that says for how many of the last positions logits are wanted, 0 for all: an int64 scalar. */
export const NUM_LOGITS_TO_KEEP = 'num_logits_to_keep';
/** The output of logits: float32 [batch_size, kept_length, vocabularySize]. */
export const LOGITS = 'logits';

/** The inputs beside the KV cache, all of int64. The first dimension is the batch, and each call chooses the second. */
export const DECODER_INPUTS: Readonly<Record<string, { readonly isRequired: boolean; readonly dims: readonly string[] }>> = {
  [INPUT_IDS]: { isRequired: true, dims: ['batch_size', 'sequence_length'] },
  [ATTENTION_MASK]: { isRequired: true, dims: ['batch_size', 'total_sequence_length'] },
  [POSITION_IDS]: { isRequired: false, dims: ['batch_size', 'sequence_length'] },
  [NUM_LOGITS_TO_KEEP]: { isRequired: false, dims: [] },
};

/** The two tensors that a layer's KV cache consists of. */
export const CACHE_PARTS = ['key', 'value'] as const;
export type CachePart = (typeof CACHE_PARTS)[number];

/** One of the two tensors of a layer's KV cache: float32 [batch_size, keyValueHeads, length, headDimension]. */
export interface CacheName {
  readonly layer: number;
  readonly part: CachePart;
}

const PAST = /^past_key_values\.(0|[1-9]\d{0,3})\.(key|value)$/;
const PRESENT = /^present\.(0|[1-9]\d{0,3})\.(key|value)$/;

/** Names the input that takes a layer's keys or values. */
export const pastName = ({ layer, part }: CacheName): string => `past_key_values.${layer}.${part}`;
/** Names the output that returns a layer's keys or values, those of the call included. */
export const presentName = ({ layer, part }: CacheName): string => `present.${layer}.${part}`;
/** The reverse of `pastName`; undefined for any other name. */
export const parsePastName = (name: string): CacheName | undefined => parse(PAST, name);
/** The reverse of `presentName`; undefined for any other name. */
export const parsePresentName = (name: string): CacheName | undefined => parse(PRESENT, name);

function parse(pattern: RegExp, name: string): CacheName | undefined {
  const [, layer, part] = pattern.exec(name) ?? [];
  return layer === undefined ? undefined : { layer: Number(layer), part: part as CachePart };
}

/** The inputs that a caller feeds. Graphs of ONNX's early versions list their initializers among the inputs too. */
export function fedInputs({ input, initializer }: GraphProto): ValueInfoProto[] {
  const stored = new Set(initializer.map(({ name }) => name));
  return input.filter(({ name }) => !stored.has(name));
}
