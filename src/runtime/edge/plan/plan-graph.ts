import { showText } from '../../../core/invalid-file.ts';
import { MAX_LAYERS } from '../../../core/limits.ts';
import {
  ATTENTION_MASK,
  INPUT_IDS,
  LOGITS,
  NUM_LOGITS_TO_KEEP,
  POSITION_IDS,
  parsePastName,
  parsePresentName,
} from '../../../core/onnx/decoder-io.ts';
import { paddedVocabulary } from '../../../kernels/vocabulary-kernels.ts';
import type { GraphNode, ModelGraph } from '../graph/model-graph.ts';
import { unsupported } from '../graph/unsupported.ts';
import { type AttentionShape, type CacheShape, cacheShape } from './cache-shape.ts';
import { firstRows } from './first-rows.ts';
import { findHiddenState, type HiddenState } from './hidden-state.ts';
import { OPERATORS } from './operator-table.ts';
import { planIntegers } from './operators/integers.ts';
import { findOutputProduct, type OutputProduct } from './output-product.ts';
import { type AdaptableProduct, PlanBuilder, type PlanOptions, rowStride } from './plan-builder.ts';
import type { PlannedWeight } from './planned-weight.ts';
import { type SplitSteps, splitBodyAndHead } from './split-body-and-head.ts';
import type { PlannedBuffer } from './step.ts';
import { type IntegersValue, type IntegerTensor, PROBES, type Probe, widthOf } from './value.ts';

/** What the engine does in a call, as data: steps, and the buffers and weights that they work on. */
export interface EdgePlan extends SplitSteps {
  readonly options: PlanOptions;
  readonly buffers: readonly PlannedBuffer[];
  readonly weights: readonly PlannedWeight[];
  readonly attention: AttentionShape;
  /** The products that adapters may add to, by the name of the node. */
  readonly adaptable: ReadonlyMap<string, AdaptableProduct>;
  /** Index of the buffer of the logits. */
  readonly logits: number;
  /** The hidden state before the output head, if there is one. */
  readonly hidden: HiddenState | undefined;
  /** The product that gives the logits, if it can be computed for some of the tokens alone. */
  readonly outputProduct: OutputProduct | undefined;
  readonly cache: CacheShape;
}

/**
 * Plans a decoder graph.
 * @throws GptEdgeError `unsupported_model`, naming the node, operator or attribute that the engine does not support
 */
export function planGraph(graph: ModelGraph, options: PlanOptions): EdgePlan {
  const plan = new PlanBuilder(graph, options);
  for (const name of graph.inputs) setInput(plan, name);
  for (const node of graph.nodes) planNode(node, plan);
  plan.flushDeferred();
  for (const name of graph.outputs) checkOutput(plan, name);
  const logits = plan.value(LOGITS);
  if (logits.kind !== 'rows' || widthOf(logits) !== options.vocabularySize || plan.attention === undefined)
    throw unsupported(`its logits are not rows of ${options.vocabularySize}, after attention.`);
  const split = splitBodyAndHead(plan.steps, plan.buffers);
  const planned = {
    ...split,
    options,
    buffers: plan.buffers.map((buffer, index) => (index === logits.buffer ? padLogits(buffer) : buffer)),
    weights: plan.weights,
    adaptable: plan.adaptable,
    attention: plan.attention,
    logits: logits.buffer,
    hidden: findHiddenState(plan, split),
    outputProduct: findOutputProduct(split.head, logits.buffer),
    cache: cacheShape(options, plan.attention),
  };
  return withWindow(planned, options.contextWindow);
}

/**
 * Makes the plan of the same graph for a context window that is shorter, but not shorter than a block: the steps know
 * how a block is laid out. Of tables with a row for each position, only the first rows are loaded.
 */
export function withWindow(plan: EdgePlan, contextWindow: number): EdgePlan {
  const options = { ...plan.options, contextWindow };
  return {
    ...plan,
    options,
    weights: plan.weights.map((weight) => (weight.isByPosition ? firstRows(weight, contextWindow) : weight)),
    cache: cacheShape(options, plan.attention),
  };
}

/**
 * Gives each row of logits room for the padding that the vocabulary kernels need. They can then choose a token where
 * the logits lie, without a copy.
 */
function padLogits(buffer: PlannedBuffer): PlannedBuffer {
  const stride = Math.max(buffer.stride, rowStride(paddedVocabulary(buffer.width)));
  return { ...buffer, stride, bytes: (rows) => rows * stride };
}

function setInput(plan: PlanBuilder, name: string): void {
  const past = parsePastName(name);
  if (name === INPUT_IDS) plan.setValue(name, { kind: 'ids', of: 'tokens' });
  else if (name === POSITION_IDS) plan.setValue(name, { kind: 'ids', of: 'positions' });
  else if (name === ATTENTION_MASK) plan.setValue(name, onProbes(maskOf));
  else if (name === NUM_LOGITS_TO_KEEP)
    plan.setValue(
      name,
      onProbes(({ keep }) => ({ dims: [], data: [keep] })),
    );
  else if (past && past.layer < MAX_LAYERS) plan.setValue(name, { kind: 'cache', ...past });
  else throw unsupported(`its input ${showText(name)} is not an input of decoders.`);
}

const onProbes = (tensor: (probe: Probe) => IntegerTensor): IntegersValue => ({ kind: 'integers', probes: PROBES.map(tensor) });

/** The attention mask of a call. It has a 1 for each position, those of this call included. */
function maskOf({ past, rows }: Probe): IntegerTensor {
  const length = past + rows;
  return { dims: [1, length], data: new Array<number>(length).fill(1) };
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
  plan.noteRenamings(node);
}

function checkOutput(plan: PlanBuilder, name: string): void {
  if (name === LOGITS) return;
  const present = parsePresentName(name);
  const value = plan.value(name);
  if (value.kind !== 'cache' || value.layer !== present?.layer || value.part !== present.part)
    throw unsupported(`its output ${showText(name)} is not the cache of that name.`);
}
