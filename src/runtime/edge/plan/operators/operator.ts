import type { GraphNode } from '../../graph/model-graph.ts';
import type { PlanBuilder } from '../plan-builder.ts';

/** Kernels take rows that start at multiples of 16 bytes, and so parts of rows that are multiples of so many floats. */
export const PART_MULTIPLE = 4;

/** What the planner knows of one operator. */
export interface Operator {
  /** The attributes that the planner understands. Any other is refused, because it might change the result. */
  readonly attributes: readonly string[];
  /**
   * Reads a node's attributes, checks its inputs, adds its steps to the plan, and sets its outputs.
   * @throws GptEdgeError `unsupported_model`, naming the node
   */
  plan(node: GraphNode, plan: PlanBuilder): void;
}

/**
 * Returns a number among a node's attributes, or `fallback` if the node does not have it.
 * @throws GptEdgeError `unsupported_model` for an attribute of another kind
 */
export function numberAttribute(node: GraphNode, plan: PlanBuilder, name: string, fallback: number): number {
  const value = node.attributes.get(name);
  if (value === undefined) return fallback;
  if (typeof value === 'number') return value;
  throw plan.fail(node, `has no number as its attribute ${name}`);
}
