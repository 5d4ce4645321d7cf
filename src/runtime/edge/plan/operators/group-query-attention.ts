import { MAX_HEAD_DIMENSION } from '../../../../kernels/attention-layouts.ts';
import type { GraphNode } from '../../graph/model-graph.ts';
import { layerOffset } from '../cache-shape.ts';
import { address, numberAttribute, type PlanBuilder } from '../plan-builder.ts';
import { PROBES } from '../probe.ts';
import type { Operand } from '../step.ts';
import { type RowsValue, widthOf } from '../value.ts';
import type { Operator } from './operator.ts';

/** Attributes that say "none", and the value that says so. */
const NONE: Readonly<Record<string, number | string>> = {
  softcap: 0,
  smooth_softmax: 0,
  qk_output: 0,
  k_quant_type: 'NONE',
  v_quant_type: 'NONE',
  kv_cache_bit_width: 0,
};
const HEAD_MULTIPLE = 8;

/** ONNX Runtime's attention with a KV cache: causal, grouped queries, rotary positions and a local window if asked for. */
export const groupQueryAttention: Operator = {
  attributes: ['num_heads', 'kv_num_heads', 'scale', 'local_window_size', 'do_rotary', 'rotary_interleaved', ...Object.keys(NONE)],
  plan(node, plan) {
    for (const [name, none] of Object.entries(NONE))
      if ((node.attributes.get(name) ?? none) !== none) throw plan.fail(node, `has an attribute ${name} other than ${none}`);
    const heads = numberAttribute(node, 'num_heads', 0);
    const keyValueHeads = numberAttribute(node, 'kv_num_heads', 0);
    if (!(keyValueHeads >= 1 && heads % keyValueHeads === 0))
      throw plan.fail(node, `has ${heads} heads and ${keyValueHeads} for keys and values`);
    const parts = queryKeyValue(node, plan, heads, keyValueHeads);
    const layer = layerOf(node, plan);
    checkLengths(node, plan);
    rememberShape(node, plan, { heads, keyValueHeads, headDimension: parts.headDimension, layer });
    if (numberAttribute(node, 'do_rotary', 0) === 1) rotate(node, plan, parts, heads, keyValueHeads);
    plan.setValue(node.outputs[0], attend(node, plan, parts, { heads, keyValueHeads, layer }));
    plan.setValue(node.outputs[1], { kind: 'cache', layer, part: 'key' });
    plan.setValue(node.outputs[2], { kind: 'cache', layer, part: 'value' });
  },
};

interface Parts {
  readonly query: RowsValue;
  readonly key: RowsValue;
  readonly value: RowsValue;
  readonly headDimension: number;
}

/** Query, key and value, which may come side by side as one input. They are rotated in place, and so must be read by no one else. */
function queryKeyValue(node: GraphNode, plan: PlanBuilder, heads: number, keyValueHeads: number): Parts {
  const names = node.inputs.slice(0, 3).filter((name) => name !== '');
  if (names.length === 2) throw plan.fail(node, 'has a key without a value');
  for (const name of names)
    if (plan.uses(name) > 1 && numberAttribute(node, 'do_rotary', 0) === 1) throw plan.fail(node, `shares its input ${name}`);
  const [query, key, value] = names.map((name) => plan.rowsOf(node, name));
  if (query.cut) throw plan.fail(node, 'attends from positions that were cut');
  const headDimension = widthOf(query) / (key ? heads : heads + 2 * keyValueHeads);
  const fits = headDimension % HEAD_MULTIPLE === 0 && headDimension >= HEAD_MULTIPLE && headDimension <= MAX_HEAD_DIMENSION;
  if (!fits) throw plan.fail(node, `has heads of ${headDimension}, a multiple of ${HEAD_MULTIPLE} up to ${MAX_HEAD_DIMENSION} expected`);
  const width = keyValueHeads * headDimension;
  if (key && (widthOf(key) !== width || widthOf(value) !== width)) throw plan.fail(node, `has keys or values of other sizes than ${width}`);
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
  if (!same) throw plan.fail(node, 'has no past_key_values.N.key and .value of one layer');
  return key.layer;
}

/** seqlens_k and total_sequence_length must mean what they always mean: the whole cache, this call's positions included. */
function checkLengths(node: GraphNode, plan: PlanBuilder): void {
  const [last, total] = node.inputs.slice(5, 7).map((name) => plan.integersOf(node, name).probes.map(({ data }) => data.join()));
  const lengths = PROBES.map(({ past, rows }) => past + rows);
  if (last.join() !== lengths.map((length) => length - 1).join())
    throw plan.fail(node, 'has other lengths of sequences than the attention mask says');
  if (total.join() !== lengths.join()) throw plan.fail(node, 'has another total length than the attention mask has');
  if (node.inputs.slice(9).some((name) => name !== '')) throw plan.fail(node, 'has position ids, a bias or sinks of its own');
}

function rememberShape(
  node: GraphNode,
  plan: PlanBuilder,
  { heads, keyValueHeads, headDimension, layer }: { heads: number; keyValueHeads: number; headDimension: number; layer: number },
): void {
  const known = plan.attention;
  const layers = Math.max(known?.layers ?? 0, layer + 1);
  if (known && (known.heads !== heads || known.keyValueHeads !== keyValueHeads || known.headDimension !== headDimension))
    throw plan.fail(node, 'has other heads than the attention before it');
  plan.attention = { heads, keyValueHeads, headDimension, layers };
}

function rotate(node: GraphNode, plan: PlanBuilder, { query, key, headDimension }: Parts, heads: number, keyValueHeads: number): void {
  const [cos, sin] = node.inputs.slice(7, 9).map((name) => plan.storedOf(node, name).tensor);
  const [positions, pairs] = cos.dims;
  if (cos.dims.length !== 2 || sin.dims.join() !== cos.dims.join() || 2 * pairs > headDimension)
    throw plan.fail(node, `has rotary tables of the shapes [${cos.dims}] and [${sin.dims}]`);
  if (positions < plan.options.contextWindow) throw plan.fail(node, `has rotary tables for ${positions} positions only`);
  const tables = [cos, sin].map((tensor) => {
    const plain = { layout: 'plain', outputs: positions, inputs: pairs, transposed: false } as const;
    return { weight: plan.addWeight({ name: tensor.name, ...plain, elements: tensor }) };
  });
  const interleaved = numberAttribute(node, 'rotary_interleaved', 0);
  // Side by side, they are one run of heads.
  const together = query.buffer === key.buffer;
  const runs = together
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

function attend(
  node: GraphNode,
  plan: PlanBuilder,
  { query, key, value, headDimension }: Parts,
  { heads, keyValueHeads, layer }: { heads: number; keyValueHeads: number; layer: number },
): RowsValue {
  const offset = layerOffset(plan.options, layer, { keyValueHeads, headDimension });
  const append: Operand[] = [...address(key), ...address(value), 'pages', offset, 'position', 'rows', keyValueHeads, headDimension];
  const reads = [key.buffer, value.buffer];
  plan.addStep({
    node: `${node.name}.append`,
    kernel: plan.options.cacheFormat === 'q8' ? 'appendQ8' : 'appendF32',
    operands: append,
    reads,
    writes: [],
    multiplyAdds: 0,
  });
  const out = plan.allocateRows(node.name, [heads * headDimension], false);
  const scale = numberAttribute(node, 'scale', 0) || 1 / Math.sqrt(headDimension);
  const window = Math.max(0, numberAttribute(node, 'local_window_size', -1));
  const sizes = [heads, keyValueHeads, headDimension, scale, window];
  const operands: Operand[] = [...address(query), ...address(out), 'pages', offset, 'position', 'rows', ...sizes, 'scratch'];
  plan.addStep({
    node: node.name,
    kernel: plan.options.cacheFormat === 'q8' ? 'attendQ8' : 'attendF32',
    operands,
    reads: [query.buffer],
    writes: [out.buffer],
    multiplyAdds: 0,
  });
  return out;
}
