import {
  ATTENTION_MASK,
  CACHE_PARTS,
  DECODER_INPUTS,
  INPUT_IDS,
  LOGITS,
  NUM_LOGITS_TO_KEEP,
  POSITION_IDS,
  pastName,
  presentName,
} from '../../core/onnx/decoder-io.ts';
import { ElementType, type GraphBuilder } from './graph-builder.ts';

/** The sizes of a KV cache. */
export interface CacheShape {
  readonly layers: number;
  readonly keyValueHeads: number;
  readonly headDimension: number;
}

/** Names of the values that a decoder's layers start from. */
export interface DecoderInputs {
  /** int64 [batch_size, sequence_length] */
  readonly inputIds: string;
  /** int64 [batch_size, sequence_length], or the empty name in a graph without position ids. */
  readonly positionIds: string;
  /** int64 scalar: the number of last positions whose logits are wanted. 0 stands for all. */
  readonly keep: string;
  /** int32 [batch_size]: the positions of past and present together, minus one, as GroupQueryAttention expects. */
  readonly sequenceLengths: string;
  /** int32 scalar: the positions of past and present together, padding included. */
  readonly totalLength: string;
}

/**
 * Declares a decoder's inputs, by the names that transformers.js gives them, and its outputs, the KV cache included.
 */
export function declareDecoder(
  graph: GraphBuilder,
  { layers, keyValueHeads, headDimension }: CacheShape,
  { vocabularySize, positionIds: hasPositionIds }: { readonly vocabularySize: number; readonly positionIds: boolean },
): DecoderInputs {
  const declare = (name: string) => graph.input(name, ElementType.INT64, DECODER_INPUTS[name].dims);
  const inputIds = declare(INPUT_IDS);
  const mask = declare(ATTENTION_MASK);
  const positionIds = hasPositionIds ? declare(POSITION_IDS) : '';
  const keep = declare(NUM_LOGITS_TO_KEEP);
  graph.output(LOGITS, ElementType.FLOAT, ['batch_size', 'kept_length', vocabularySize]);
  for (let layer = 0; layer < layers; layer++) {
    for (const part of CACHE_PARTS) {
      const cache = (length: string) => ['batch_size', keyValueHeads, length, headDimension];
      graph.input(pastName({ layer, part }), ElementType.FLOAT, cache('past_sequence_length'));
      graph.output(presentName({ layer, part }), ElementType.FLOAT, cache('total_sequence_length'));
    }
  }
  return { inputIds, positionIds, keep, ...writeLengths(graph, mask) };
}

/** Computes the two lengths that GroupQueryAttention needs from the mask, as onnxruntime-genai's own graphs do. */
function writeLengths(graph: GraphBuilder, mask: string): Pick<DecoderInputs, 'sequenceLengths' | 'totalLength'> {
  const one = graph.constant('one', [1n]);
  const count = graph.node('ReduceSum', 'mask.count', [mask, one], { attributes: { keepdims: 0n } });
  const last = graph.node('Sub', 'mask.last', [count, one]);
  const length = graph.node('Gather', 'mask.length', [graph.node('Shape', 'mask.shape', [mask]), graph.constant('mask.axis', 1n)]);
  const toInt32 = { attributes: { to: BigInt(ElementType.INT32) } };
  return {
    sequenceLengths: graph.node('Cast', 'sequence_lengths', [last], toInt32),
    totalLength: graph.node('Cast', 'total_length', [length], toInt32),
  };
}

/**
 * Cuts `hidden` [batch, positions, width] to the positions whose logits are wanted, so that a prefill does not run the
 * head for every token. The slice starts at -`keep`, which counts from the end. -0 is 0, the first position, so 0 keeps
 * all.
 */
export function keepLastPositions(graph: GraphBuilder, hidden: string, { keep }: DecoderInputs): string {
  const start = graph.node('Reshape', 'kept.start', [graph.node('Neg', 'kept.negative', [keep]), 'one']);
  const end = graph.constant('kept.end', [2n ** 63n - 1n]);
  return graph.node('Slice', 'kept', [hidden, start, end, 'one']);
}
