import type { DecoderInputs } from './decoder-inputs.ts';
import { type GraphBuilder, MICROSOFT } from './graph-builder.ts';

/**
 * Names of the tables of cosines and sines, [contextWindow, pairs] each, by which queries and keys are rotated. Value i
 * of a head is rotated against value i + pairs; values from 2 pairs on stay as they are.
 */
export interface RotaryTables {
  readonly cos: string;
  readonly sin: string;
}

/** The attention of one layer over its part of the KV cache. */
export interface AttentionNode {
  readonly name: string;
  readonly layer: number;
  /**
   * float32 [batch, positions, heads * headDimension], or query, key and value side by side if `key` and `value` are
   * left out.
   */
  readonly query: string;
  /** float32 [batch, positions, keyValueHeads * headDimension], as `value` is. */
  readonly key?: string;
  readonly value?: string;
  readonly heads: number;
  readonly keyValueHeads: number;
  /** The factor that attention scores are multiplied by. */
  readonly scale: number;
  /** How many positions a position sees, itself included. Default: itself and all before it. */
  readonly window?: number;
  /** How positions rotate queries and keys. Default: they do not. */
  readonly rotary?: RotaryTables;
}

/**
 * Adds ONNX Runtime's GroupQueryAttention, which is causal. Its KV cache has the names that transformers.js uses.
 * @returns the name of its output, float32 [batch, positions, heads * headDimension]
 */
export function writeGroupQueryAttention(graph: GraphBuilder, inputs: DecoderInputs, node: AttentionNode): string {
  const { name, layer, query, key = '', value = '', window, rotary } = node;
  const cache = ['key', 'value'].map((part) => `past_key_values.${layer}.${part}`);
  const lengths = [inputs.sequenceLengths, inputs.totalLength];
  return graph.node('GroupQueryAttention', name, [query, key, value, ...cache, ...lengths, ...(rotary ? [rotary.cos, rotary.sin] : [])], {
    domain: MICROSOFT,
    outputs: [name, `present.${layer}.key`, `present.${layer}.value`],
    attributes: {
      num_heads: BigInt(node.heads),
      kv_num_heads: BigInt(node.keyValueHeads),
      scale: node.scale,
      ...(window === undefined ? {} : { local_window_size: BigInt(window) }),
      ...(rotary ? { do_rotary: 1n, rotary_interleaved: 0n } : {}),
    },
  });
}
