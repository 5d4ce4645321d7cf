import type { GraphNode } from '../../graph/model-graph.ts';
import type { PlanBuilder } from '../plan-builder.ts';

/** What the planner knows of one operator. */
export interface Operator {
  /** The attributes that it understands; any other is refused, since it might change the result. */
  readonly attributes: readonly string[];
  /**
   * Adds a node's steps to the plan, and sets its outputs.
   * @throws GptEdgeError `unsupported_model`, naming the node
   */
  plan(node: GraphNode, plan: PlanBuilder): void;
}
