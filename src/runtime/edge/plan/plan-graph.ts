import { MAX_LAYERS } from '../../../core/limits.ts';
import { showText } from '../../../core/show-text.ts';
import type { GraphNode, ModelGraph } from '../graph/model-graph.ts';
import { unsupported } from '../graph/unsupported.ts';
import { type CacheShape, cacheShape } from './cache-shape.ts';
import { OPERATORS } from './operator-table.ts';
import { planIntegers } from './operators/integers.ts';
import { type AttentionShape, PlanBuilder, type PlanOptions } from './plan-builder.ts';
import type { PlannedWeight } from './planned-weight.ts';
import { PROBES } from './probe.ts';
import { type SplitSteps, splitByRows } from './split-by-rows.ts';
import type { PlannedBuffer } from './step.ts';
import { widthOf } from './value.ts';

/** All that the engine does for a call, as data. */
export interface EdgePlan extends SplitSteps {
  readonly options: PlanOptions;
  readonly buffers: readonly PlannedBuffer[];
  readonly weights: readonly PlannedWeight[];
  readonly attention: AttentionShape;
  /** The buffer of the logits. */
  readonly logits: number;
  readonly cache: CacheShape;
}

/**
 * Plans a decoder graph.
 * @throws GptEdgeError `unsupported_model`, naming node, operator or attribute that is not in the table
 */
export function planGraph(graph: ModelGraph, options: PlanOptions): EdgePlan {
  const plan = new PlanBuilder(graph, options);
  for (const name of graph.inputs) setInput(plan, name);
  for (const node of graph.nodes) planNode(node, plan);
  for (const name of graph.outputs) checkOutput(plan, name);
  const logits = plan.value('logits');
  if (logits.kind !== 'rows' || widthOf(logits) !== options.vocabularySize || plan.attention === undefined)
    throw unsupported(`its logits are not rows of ${options.vocabularySize}, behind attention.`);
  return {
    ...splitByRows(plan.steps, plan.buffers),
    options,
    buffers: plan.buffers,
    weights: plan.weights,
    attention: plan.attention,
    logits: logits.buffer,
    cache: cacheShape(options, plan.attention),
  };
}

const PAST = /^past_key_values\.(\d{1,4})\.(key|value)$/;
const PRESENT = /^present\.(\d{1,4})\.(key|value)$/;

function setInput(plan: PlanBuilder, name: string): void {
  const [, layer, part] = PAST.exec(name) ?? [];
  if (name === 'input_ids') plan.setValue(name, { kind: 'ids', of: 'tokens' });
  else if (name === 'position_ids') plan.setValue(name, { kind: 'ids', of: 'positions' });
  else if (name === 'attention_mask')
    plan.setValue(name, {
      kind: 'integers',
      probes: PROBES.map(({ past, rows }) => ({ dims: [1, past + rows], data: new Array<number>(past + rows).fill(1) })),
    });
  else if (name === 'num_logits_to_keep')
    plan.setValue(name, { kind: 'integers', probes: PROBES.map(({ keep }) => ({ dims: [], data: [keep] })) });
  else if (layer !== undefined && Number(layer) < MAX_LAYERS)
    plan.setValue(name, { kind: 'cache', layer: Number(layer), part: part as 'key' | 'value' });
  else throw unsupported(`its input ${showText(name)} is none that decoders have.`);
}

function planNode(node: GraphNode, plan: PlanBuilder): void {
  const integers = planIntegers(node, plan);
  if (integers) {
    plan.setValue(node.outputs[0], integers);
    return;
  }
  const operator = OPERATORS[node.operator];
  if (operator === undefined)
    throw unsupported(`node ${showText(node.name)} has the operator ${showText(node.operator)}, which is not in its table.`);
  const unknown = [...node.attributes.keys()].find((name) => !operator.attributes.includes(name));
  if (unknown !== undefined) throw plan.fail(node, `has the attribute ${showText(unknown)}, which is not in the engine's table`);
  operator.plan(node, plan);
}

function checkOutput(plan: PlanBuilder, name: string): void {
  if (name === 'logits') return;
  const [, layer, part] = PRESENT.exec(name) ?? [];
  const value = plan.value(name);
  if (value.kind !== 'cache' || value.layer !== Number(layer) || value.part !== part)
    throw unsupported(`its output ${showText(name)} is not the cache of that name.`);
}
