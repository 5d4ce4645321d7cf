import { TensorProto_DataType as ElementType } from '../../../../core/onnx/onnx-ml_pb.js';
import type { GraphNode } from '../../graph/model-graph.ts';
import { integersOf } from '../../graph/stored-tensor.ts';
import { numberAttribute, type PlanBuilder } from '../plan-builder.ts';
import { PROBES } from '../probe.ts';
import { type RowsValue, widthOf } from '../value.ts';
import { resolveShape } from './integers.ts';
import type { Operator } from './operator.ts';

/** Operators that move no number: they say anew what one means. */

export const constant: Operator = {
  attributes: ['value', 'value_int', 'value_ints'],
  plan(node, plan) {
    const value = node.attributes.get('value');
    const data =
      typeof value === 'object' && 'dims' in value
        ? integersOf(value)
        : [node.attributes.get('value_int') ?? node.attributes.get('value_ints')].flat();
    if (!data?.every((entry) => typeof entry === 'number')) throw plan.fail(node, 'is no constant of integers');
    const dims = typeof value === 'object' && 'dims' in value ? value.dims : node.attributes.has('value_int') ? [] : [data.length];
    plan.setValue(node.outputs[0], { kind: 'integers', probes: PROBES.map(() => ({ dims, data })) });
  },
};

export const cast: Operator = {
  attributes: ['to', 'saturate'],
  plan(node, plan) {
    const value = plan.value(node.inputs[0]);
    // Ids stay what they are, whatever their type.
    if (value.kind === 'ids') plan.setValue(node.outputs[0], value);
    else if (numberAttribute(node, 'to', 0) !== ElementType.FLOAT) throw plan.fail(node, 'casts to another type than float32');
    else if (value.kind === 'stored') plan.setValue(node.outputs[0], value);
    // Rows are float32 already, whatever type their weight was stored in.
    else plan.setValue(node.outputs[0], plan.rowsOf(node, node.inputs[0]));
  },
};

export const identity: Operator = {
  attributes: [],
  plan: (node, plan) => plan.setValue(node.outputs[0], plan.value(node.inputs[0])),
};

export const shape: Operator = {
  attributes: ['start', 'end'],
  plan(node, plan) {
    if (node.attributes.size > 0) throw plan.fail(node, 'asks for a part of a shape');
    const value = plan.value(node.inputs[0]);
    const dims = value.kind === 'ids' ? [] : plan.rowsOf(node, node.inputs[0]).dims;
    plan.setValue(node.outputs[0], {
      kind: 'integers',
      probes: PROBES.map(({ rows }) => ({ dims: [2 + dims.length], data: [1, rows, ...dims] })),
    });
  },
};

/** Regroups what each row holds. */
export const reshape: Operator = {
  attributes: ['allowzero'],
  plan(node, plan) {
    const rows = plan.rowsOf(node, node.inputs[0]);
    const targets = plan.integersOf(node, node.inputs[1]).probes;
    const shapes = PROBES.map((probe, index) => resolveShape(targets[index].data, [1, probe.rows, ...rows.dims]));
    const dims = shapes[0].slice(2);
    const keepsRows = shapes.every(
      ([batch, count, ...rest], index) => batch === 1 && count === PROBES[index].rows && rest.join() === dims.join(),
    );
    const result: RowsValue = { ...rows, dims };
    if (!keepsRows || widthOf(result) !== widthOf(rows)) throw plan.fail(node, 'moves values from one position to another');
    plan.setValue(node.outputs[0], result);
  },
};

/** The last positions, whose logits are wanted; or the first columns of each row. */
export const slice: Operator = {
  attributes: [],
  plan(node, plan) {
    const [input, startName, endName, axesName, stepsName] = node.inputs;
    const rows = plan.rowsOf(node, input);
    const [axis] = axesName ? plan.constantOf(node, axesName) : [0];
    const [step] = stepsName ? plan.constantOf(node, stepsName) : [1];
    const starts = plan.integersOf(node, startName).probes.map(({ data }) => data[0]);
    const [end] = plan.constantOf(node, endName);
    if (step !== 1) throw plan.fail(node, `has the step ${step}`);
    if (axis === 1 || axis === -1 - rows.dims.length) plan.setValue(node.outputs[0], lastPositions(node, plan, rows, starts, end));
    else plan.setValue(node.outputs[0], firstColumns(node, plan, rows, axis, starts, end));
  },
};

function lastPositions(node: GraphNode, plan: PlanBuilder, rows: RowsValue, starts: readonly number[], end: number): RowsValue {
  const isKept = starts.every((start, index) => start === -PROBES[index].keep);
  if (!isKept || end < 2 ** 31 - 1) throw plan.fail(node, 'cuts positions otherwise than to the last num_logits_to_keep');
  return { ...rows, cut: true };
}

function firstColumns(
  node: GraphNode,
  plan: PlanBuilder,
  rows: RowsValue,
  axis: number,
  starts: readonly number[],
  end: number,
): RowsValue {
  const isOnlyAxis = rows.dims.length === 1 && (axis === 2 || axis === -1);
  if (!isOnlyAxis || starts.some((start) => start !== 0) || end < 1) throw plan.fail(node, 'cuts otherwise than to the first columns');
  return { ...rows, dims: [Math.min(end, rows.dims[0])] };
}
