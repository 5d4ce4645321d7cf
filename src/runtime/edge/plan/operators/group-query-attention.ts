import { MAX_HEAD_DIMENSION } from '../../../../kernels/attention-layouts.ts';
import type { GraphNode } from '../../graph/model-graph.ts';
import { CACHE_FORMAT_KERNELS, layerOffset } from '../cache-shape.ts';
import { address, type PlanBuilder } from '../plan-builder.ts';
import type { Operand } from '../step.ts';
import { PROBES, type RowsValue, widthOf } from '../value.ts';
import { numberAttribute, type Operator } from './operator.ts';

/**
 * Attributes of features that the engine does not have, and the value that turns each of them off. A node must leave
 * the attribute out or have this value.
 */
const OFF: Readonly<Record<string, number | string>> = {
  softcap: 0,
  smooth_softmax: 0,
  qk_output: 0,
  k_quant_type: 'NONE',
  v_quant_type: 'NONE',
  kv_cache_bit_width: 0,
};
/** The attention kernels take heads whose dimension is a multiple of this. */
const HEAD_MULTIPLE = 8;

/**
 * ONNX Runtime's attention with a KV cache: causal, with grouped queries, rotary positions and a local window if asked
 * for.
 */
export const groupQueryAttention: Operator = {
  attributes: ['num_heads', 'kv_num_heads', 'scale', 'local_window_size', 'do_rotary', 'rotary_interleaved', ...Object.keys(OFF)],
  plan(node, plan) {
    const attributes = parseAttributes(node, plan);
    const parts = queryKeyValue(node, plan, attributes);
    const layer = layerOf(node, plan);
    checkLengths(node, plan);
    const { heads, keyValueHeads } = attributes;
    recordShape(node, plan, { heads, keyValueHeads, headDimension: parts.headDimension, layer });
    if (attributes.isRotary) planRotation(node, plan, parts, attributes);
    planAppend(node, plan, parts, attributes, layer);
    plan.setValue(node.outputs[0], planAttention(node, plan, parts, attributes, layer));
    plan.setValue(node.outputs[1], { kind: 'cache', layer, part: 'key' });
    plan.setValue(node.outputs[2], { kind: 'cache', layer, part: 'value' });
  },
};

interface Attributes {
  readonly heads: number;
  readonly keyValueHeads: number;
  /** The factor of the scores; 0 for the usual 1 / √headDimension. */
  readonly scale: number;
  /** Positions that a query attends to; 0 for all. */
  readonly window: number;
  readonly isRotary: boolean;
  /** 1 if rotary pairs are neighbours, 0 if they lie half a head apart. */
  readonly interleaved: number;
}

function parseAttributes(node: GraphNode, plan: PlanBuilder): Attributes {
  for (const [name, off] of Object.entries(OFF))
    if ((node.attributes.get(name) ?? off) !== off) throw plan.fail(node, `has an attribute ${name} other than ${off}`);
  const heads = numberAttribute(node, plan, 'num_heads', 0);
  const keyValueHeads = numberAttribute(node, plan, 'kv_num_heads', 0);
  if (!(keyValueHeads >= 1 && heads % keyValueHeads === 0))
    throw plan.fail(node, `has ${heads} heads and ${keyValueHeads} for keys and values`);
  return {
    heads,
    keyValueHeads,
    scale: numberAttribute(node, plan, 'scale', 0),
    window: Math.max(0, numberAttribute(node, plan, 'local_window_size', -1)),
    isRotary: numberAttribute(node, plan, 'do_rotary', 0) === 1,
    interleaved: numberAttribute(node, plan, 'rotary_interleaved', 0),
  };
}

interface Parts {
  readonly query: RowsValue;
  readonly key: RowsValue;
  readonly value: RowsValue;
  readonly headDimension: number;
}

/**
 * Finds query, key and value, which may come side by side as one input. Rotary positions change them in place, so then
 * no other node may read them.
 */
function queryKeyValue(node: GraphNode, plan: PlanBuilder, { heads, keyValueHeads, isRotary }: Attributes): Parts {
  const names = node.inputs.slice(0, 3).filter((name) => name !== '');
  if (names.length === 2) throw plan.fail(node, 'has a key without a value');
  const [query, key, value] = names.map((name) => plan.rowsOf(node, name));
  for (const [index, rows] of (isRotary ? [query, key] : []).entries())
    if (rows && plan.readers(rows) > 1)
      throw plan.fail(node, `rotates its input ${names[index]} in place, but something else reads it too`);
  if (query.cut) throw plan.fail(node, 'has queries for only the last positions, and must have them for all');
  const headDimension = widthOf(query) / (key ? heads : heads + 2 * keyValueHeads);
  const fits = headDimension % HEAD_MULTIPLE === 0 && headDimension >= HEAD_MULTIPLE && headDimension <= MAX_HEAD_DIMENSION;
  if (!fits) throw plan.fail(node, `has heads of ${headDimension}, a multiple of ${HEAD_MULTIPLE} up to ${MAX_HEAD_DIMENSION} expected`);
  const width = keyValueHeads * headDimension;
  if (key && (widthOf(key) !== width || widthOf(value) !== width)) throw plan.fail(node, `has keys or values whose size is not ${width}`);
  if (key) return { query, key, value, headDimension };
  const part = (start: number, count: number): RowsValue => ({
    ...query,
    offset: query.offset + start * headDimension * 4,
    dims: [count * headDimension],
  });
  return { query: part(0, heads), key: part(heads, keyValueHeads), value: part(heads + keyValueHeads, keyValueHeads), headDimension };
}

function layerOf(node: GraphNode, plan: PlanBuilder): number {
  const [key, value] = node.inputs.slice(3, 5).map((name) => plan.value(name));
  const same = key.kind === 'cache' && value.kind === 'cache' && key.part === 'key' && value.part === 'value' && key.layer === value.layer;
  if (!same) throw plan.fail(node, 'does not have past_key_values.N.key and .value of one layer as its cache');
  return key.layer;
}

/**
 * Checks that the inputs seqlens_k and total_sequence_length ask for what the engine does, which is to attend to the
 * whole cache, this call's positions included. The lengths depend on the call, so they are compared in each probe (see
 * PROBES).
 */
function checkLengths(node: GraphNode, plan: PlanBuilder): void {
  const [last, total] = node.inputs.slice(5, 7).map((name) => plan.integersOf(node, name).probes.map(({ data }) => data.join()));
  const lengths = PROBES.map(({ past, rows }) => past + rows);
  if (last.join() !== lengths.map((length) => length - 1).join())
    throw plan.fail(node, 'has sequence lengths that are not those of the attention mask');
  if (total.join() !== lengths.join()) throw plan.fail(node, 'has a total length that is not that of the attention mask');
  if (node.inputs.slice(9).some((name) => name !== '')) throw plan.fail(node, 'has position ids, a bias or sinks of its own');
}

/** Records heads and layers in the plan. All attention nodes share one cache, and so must have the same heads. */
function recordShape(
  node: GraphNode,
  plan: PlanBuilder,
  { heads, keyValueHeads, headDimension, layer }: { heads: number; keyValueHeads: number; headDimension: number; layer: number },
): void {
  const known = plan.attention;
  const layers = Math.max(known?.layers ?? 0, layer + 1);
  if (known && (known.heads !== heads || known.keyValueHeads !== keyValueHeads || known.headDimension !== headDimension))
    throw plan.fail(node, 'has heads that differ from those of the attention before it');
  plan.attention = { heads, keyValueHeads, headDimension, layers };
}

function planRotation(
  node: GraphNode,
  plan: PlanBuilder,
  { query, key, headDimension }: Parts,
  { heads, keyValueHeads, interleaved }: Attributes,
): void {
  const [cos, sin] = node.inputs.slice(7, 9).map((name) => plan.storedOf(node, name).tensor);
  const [positions, pairs] = cos.dims;
  if (cos.dims.length !== 2 || sin.dims.join() !== cos.dims.join() || 2 * pairs > headDimension)
    throw plan.fail(node, `has rotary tables of the shapes [${cos.dims}] and [${sin.dims}]`);
  if (positions < plan.options.contextWindow) throw plan.fail(node, `has rotary tables for ${positions} positions only`);
  const tables = [cos, sin].map((tensor) => {
    const plain = { layout: 'plain', outputs: positions, inputs: pairs, transposed: false, isByPosition: true } as const;
    return { weight: plan.addWeight({ name: tensor.name, ...plain, elements: tensor }) };
  });
  // If query and key lie side by side in one buffer, they are one run of heads.
  const runs =
    query.buffer === key.buffer
      ? [{ x: query, count: heads + keyValueHeads }]
      : [
          { x: query, count: heads },
          { x: key, count: keyValueHeads },
        ];
  for (const { x, count } of runs) {
    const operands: Operand[] = [...address(x), ...tables, 'position', 'rows', count, headDimension, pairs, interleaved];
    plan.addStep({ node: `${node.name}.rotary`, kernel: 'rotate', operands, reads: [x.buffer], writes: [x.buffer], multiplyAdds: 0 });
  }
}

function planAppend(
  node: GraphNode,
  plan: PlanBuilder,
  { key, value, headDimension }: Parts,
  { keyValueHeads }: Attributes,
  layer: number,
): void {
  const offset = layerOffset(plan.options, layer, { keyValueHeads, headDimension });
  plan.addStep({
    node: `${node.name}.append`,
    kernel: CACHE_FORMAT_KERNELS[plan.options.cacheFormat].append,
    operands: [...address(key), ...address(value), 'pages', offset, 'position', 'rows', keyValueHeads, headDimension],
    reads: [key.buffer, value.buffer],
    writes: [],
    multiplyAdds: 0,
  });
}

function planAttention(
  node: GraphNode,
  plan: PlanBuilder,
  { query, headDimension }: Parts,
  { heads, keyValueHeads, scale, window }: Attributes,
  layer: number,
): RowsValue {
  const offset = layerOffset(plan.options, layer, { keyValueHeads, headDimension });
  const out = plan.allocateRows(node.name, [heads * headDimension], false);
  const sizes = [heads, keyValueHeads, headDimension, scale || 1 / Math.sqrt(headDimension), window];
  plan.addStep({
    node: node.name,
    kernel: CACHE_FORMAT_KERNELS[plan.options.cacheFormat].attend,
    operands: [...address(query), ...address(out), 'pages', offset, 'position', 'rows', ...sizes, 'scratch'],
    reads: [query.buffer],
    writes: [out.buffer],
    multiplyAdds: 0,
  });
  return out;
}
