import type { RuntimeValue } from './traced-string.ts';

// Nodes of a template that @huggingface/jinja has parsed, as far as they are read here.

export interface Node {
  readonly type: string;
}
export interface BlockNode extends Node {
  readonly body: Node[];
}
export interface IfNode extends BlockNode {
  readonly test: Node;
  readonly alternate: Node[];
}
export interface ForNode extends BlockNode {
  readonly loopvar: Node;
  readonly iterable: Node;
  readonly defaultBlock: Node[];
}
export interface SetNode extends BlockNode {
  readonly value: Node | null;
}
export interface NameNode extends Node {
  readonly value: string;
}
export interface TupleNode extends Node {
  readonly value: Node[];
}
export interface BinaryNode extends Node {
  readonly operator: { readonly value: string };
  readonly left: Node;
  readonly right: Node;
}
export interface FilterNode extends Node {
  readonly value?: string;
  readonly callee?: { readonly value: string };
  readonly args?: Node[];
}
/** The iterable of a `for` with an `if`. */
export interface SelectNode extends Node {
  readonly lhs: Node;
  readonly test: Node;
}
export interface MemberNode extends Node {
  readonly object: Node;
  readonly property: Node;
  readonly computed: boolean;
}
export interface SliceNode extends Node {
  readonly start?: Node;
  readonly stop?: Node;
  readonly step?: Node;
}
/** Stands in the tree for what has been evaluated already. */
export interface EvaluatedNode extends Node {
  readonly type: 'Evaluated';
  readonly evaluated: RuntimeValue;
}

export const evaluated = (value: RuntimeValue): EvaluatedNode => ({ type: 'Evaluated', evaluated: value });
