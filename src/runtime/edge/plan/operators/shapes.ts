import { TensorProto_DataType as ElementType } from '../../../../core/onnx/onnx-ml_pb.js';
import type { GraphNode } from '../../graph/model-graph.ts';
import { integersOf } from '../../graph/stored-tensor.ts';
import type { PlanBuilder } from '../plan-builder.ts';
import { constantIntegers, PROBES, type RowsValue, shapeOf, widthOf } from '../value.ts';
import { resolveShape } from './integers.ts';
import { numberAttribute, type Operator, PART_MULTIPLE } from './operator.ts';

// These operators move no numbers. They only change what the planner knows about a value, so they add no steps.

/** A constant of integers. */
export const constant: Operator = {
  attributes: ['value', 'value_int', 'value_ints'],
  plan(node, plan) {
    const value = node.attributes.get('value');
    const tensor = typeof value === 'object' && 'dims' in value ? value : undefined;
    const single = node.attributes.get('value_int');
    const data = tensor ? integersOf(tensor) : [single ?? node.attributes.get('value_ints')].flat();
    if (!data?.every((entry) => typeof entry === 'number')) throw plan.fail(node, 'is not a constant of integers');
    const dims = tensor ? tensor.dims : single !== undefined ? [] : [data.length];
    plan.setValue(node.outputs[0], constantIntegers({ dims, data }));
  },
};

export const cast: Operator = {
  attributes: ['to', 'saturate'],
  plan(node, plan) {
    const to = numberAttribute(node, plan, 'to', 0);
    const value = plan.value(node.inputs[0]);
    // Casting ids changes nothing, because they are the same numbers in any type.
    if (value.kind === 'ids') plan.setValue(node.outputs[0], value);
    else if (to !== ElementType.FLOAT) throw plan.fail(node, 'casts to a type other than float32');
    else if (value.kind === 'stored') plan.setValue(node.outputs[0], value);
    // Rows are float32 already, whatever type the weight that they come from was stored in.
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
    const probes = PROBES.map(({ rows }) => {
      const data = value.kind === 'ids' ? [1, rows] : shapeOf(plan.foldedRowsOf(node, node.inputs[0]), rows);
      return { dims: [data.length], data };
    });
    plan.setValue(node.outputs[0], { kind: 'integers', probes });
  },
};

/** Gives the values of each row another shape. */
export const reshape: Operator = {
  attributes: ['allowzero'],
  plan(node, plan) {
    const rows = plan.foldedRowsOf(node, node.inputs[0]);
    const targets = plan.integersOf(node, node.inputs[1]).probes;
    const shapes = PROBES.map((probe, index) => resolveShape(targets[index].data, [...shapeOf(rows, probe.rows)]));
    const [, count, ...rest] = shapes[0];
    const folded = count / PROBES[0].rows;
    const result: RowsValue = { ...rows, dims: folded === 1 ? rest : [folded, ...rest], isFolded: folded !== 1 };
    const keepsRows = shapes.every((shape, index) => shape.join() === shapeOf(result, PROBES[index].rows).join());
    if (!keepsRows || !Number.isInteger(folded) || widthOf(result) !== widthOf(rows))
      throw plan.fail(node, 'moves values from one position to another');
    plan.setValue(node.outputs[0], result);
  },
};

/** Takes the last positions, whose logits are wanted, or the first columns of each row. */
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
    const isOverPositions = axis === 1 || axis === -1 - rows.dims.length;
    const result = isOverPositions
      ? lastPositions(node, plan, rows, { starts, end })
      : firstColumns(node, plan, rows, { axis, starts, end });
    plan.setValue(node.outputs[0], result);
  },
};

/** Divides each row into parts that lie side by side. */
export const split: Operator = {
  attributes: ['axis', 'num_outputs'],
  plan(node, plan) {
    const [input, sizesName] = node.inputs;
    const rows = plan.rowsOf(node, input);
    const axis = numberAttribute(node, plan, 'axis', 0);
    if (rows.dims.length !== 1 || (axis !== -1 && axis !== 2)) throw plan.fail(node, `divides axis ${axis}, and not rows`);
    const equal = new Array<number>(node.outputs.length).fill(rows.dims[0] / node.outputs.length);
    const sizes = sizesName ? plan.constantOf(node, sizesName) : equal;
    const isWhole = sizes.length === node.outputs.length && sizes.reduce((sum, size) => sum + size, 0) === rows.dims[0];
    if (!isWhole || sizes.some((size) => !(size > 0) || size % PART_MULTIPLE !== 0))
      throw plan.fail(node, `divides rows of ${rows.dims[0]} into [${sizes}], multiples of ${PART_MULTIPLE} that fill them expected`);
    let offset = rows.offset;
    for (const [index, size] of sizes.entries()) {
      plan.setValue(node.outputs[index], { ...rows, offset, dims: [size] });
      offset += size * Float32Array.BYTES_PER_ELEMENT;
    }
  },
};

/** Swaps the axes of a stored matrix, which is then multiplied by: a head that is the token embedding. */
export const transpose: Operator = {
  attributes: ['perm'],
  plan(node, plan) {
    const { tensor, isTransposed = false } = plan.storedMatrixOf(node, node.inputs[0]);
    const perm = node.attributes.get('perm') ?? [1, 0];
    if (tensor.dims.length !== 2 || String(perm) !== '1,0') throw plan.fail(node, 'does not swap the two axes of a matrix');
    plan.setValue(node.outputs[0], { kind: 'stored', tensor, isTransposed: !isTransposed });
  },
};

interface Range {
  /** Where the slice starts, in each probe. */
  readonly starts: readonly number[];
  readonly end: number;
}

function lastPositions(node: GraphNode, plan: PlanBuilder, rows: RowsValue, { starts, end }: Range): RowsValue {
  const isKept = starts.every((start, index) => start === -PROBES[index].keep);
  if (!isKept || end < 2 ** 31 - 1) throw plan.fail(node, 'cuts positions to something other than the last num_logits_to_keep');
  return { ...rows, cut: true };
}

function firstColumns(node: GraphNode, plan: PlanBuilder, rows: RowsValue, { axis, starts, end }: Range & { axis: number }): RowsValue {
  const isOnlyAxis = rows.dims.length === 1 && (axis === 2 || axis === -1);
  if (!isOnlyAxis || starts.some((start) => start !== 0) || end < 1)
    throw plan.fail(node, 'cuts rows to something other than their first columns');
  return { ...rows, dims: [Math.min(end, rows.dims[0])] };
}
