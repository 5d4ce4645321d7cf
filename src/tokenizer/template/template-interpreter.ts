import { Environment } from '@huggingface/jinja';
import { finish, type Steps } from '../pace.ts';
import { ExpressionEvaluator } from './expression-evaluator.ts';
import {
  type BlockNode,
  evaluated,
  type ForNode,
  type IfNode,
  type NameNode,
  type Node,
  type SelectNode,
  type SetNode,
  type TupleNode,
} from './nodes.ts';
import { TemplateLimitError } from './template-limit-error.ts';
import {
  asArray,
  asMap,
  isTrue,
  MAX_TEXT_LENGTH,
  ObjectValue,
  type RuntimeValue,
  runtimeValue,
  StringValue,
  TracedString,
} from './traced-string.ts';
import { concatenate, type OriginText } from './written-ranges.ts';

/** Nodes that print nothing. */
const SILENT_NODES = ['Set', 'Macro', 'Comment'];
/** An iteration of a loop makes a scope and a `loop` variable. */
const STEPS_PER_ITERATION = 10;

/** What leaves blocks, up to the loop that it ends or goes on with. */
type Exit = 'Break' | 'Continue';

/** What the statements of a block print. */
class Output {
  readonly #texts: OriginText[] = [];
  #length = 0;

  /** @throws TemplateLimitError for more text than there may be */
  add(text: OriginText): void {
    this.#length += text.value.length;
    if (this.#length > MAX_TEXT_LENGTH) throw new TemplateLimitError(`makes a text of more than ${MAX_TEXT_LENGTH} characters`);
    this.#texts.push(text);
  }

  get text(): OriginText {
    return concatenate(this.#texts);
  }
}

/** Runs the statements of a template. Between two of them others may have their turn, unless they are in a macro. */
export class TemplateInterpreter extends ExpressionEvaluator {
  /** How many macros and other blocks that are evaluated as a whole are under way. */
  #wholeBlocks = 0;

  /** Renders a template's program in steps. */
  *run(program: BlockNode, scope: Environment): Steps<OriginText> {
    const output = new Output();
    yield* this.#block(program.body, scope, output);
    return output.text;
  }

  /** The block of a macro, a call or a filter, all at once. */
  override evaluateBlock(nodes: Node[], scope: Environment): RuntimeValue {
    const output = new Output();
    this.#wholeBlocks++;
    try {
      const exit = finish(this.#block(nodes, scope, output));
      if (exit) throw new Error(`${exit.toLowerCase()} is outside of a loop`);
    } finally {
      this.#wholeBlocks--;
    }
    return new TracedString(output.text);
  }

  *#block(nodes: readonly Node[], scope: Environment, output: Output): Steps<Exit | undefined> {
    this.budget.enter();
    try {
      for (const node of nodes) {
        const exit = yield* this.#statement(node, scope, output);
        if (exit) return exit;
      }
    } finally {
      this.budget.leave();
    }
  }

  *#statement(node: Node, scope: Environment, output: Output): Steps<Exit | undefined> {
    if (this.budget.isTurnDue && this.#wholeBlocks === 0) yield this.budget.takeTurn();
    this.budget.spend(1);
    if (node.type === 'Break' || node.type === 'Continue') return node.type;
    if (node.type === 'If') {
      const { test, body, alternate } = node as IfNode;
      return yield* this.#block(isTrue(this.evaluate(test, scope)) ? body : alternate, scope, output);
    }
    if (node.type === 'For') return yield* this.#for(node as ForNode, scope, output);
    if (node.type === 'Set' && !(node as SetNode).value) return yield* this.#setBlock(node as SetNode, scope);
    const value = this.evaluate(node, scope);
    if (SILENT_NODES.includes(node.type)) return;
    const text = this.print(value);
    this.spendText(text);
    output.add(text);
  }

  *#setBlock(node: SetNode, scope: Environment): Steps<Exit | undefined> {
    const output = new Output();
    const exit = yield* this.#block(node.body, scope, output);
    if (!exit) this.evaluate({ ...node, value: evaluated(new TracedString(output.text)) } as SetNode, scope);
    return exit;
  }

  *#for(node: ForNode, outer: Environment, output: Output): Steps<undefined | Exit> {
    const scope = new Environment(outer);
    const select = node.iterable.type === 'SelectExpression' ? (node.iterable as SelectNode) : undefined;
    const all = entries(this.evaluate(select?.lhs ?? node.iterable, scope));
    const items = select ? yield* this.#selected(all, node, select.test, scope) : all;
    let isAnyWhole = false;
    for (const [index, item] of items.entries()) {
      this.budget.spend(STEPS_PER_ITERATION);
      scope.setVariable('loop', loopVariable(items, index) as never);
      assign(node.loopvar, item, scope);
      const exit = yield* this.#block(node.body, scope, output);
      if (exit === 'Break') break;
      isAnyWhole ||= exit === undefined;
    }
    // As in Jinja, where no iteration has come to its end.
    if (!isAnyWhole) return yield* this.#block(node.defaultBlock, scope, output);
  }

  *#selected(all: readonly RuntimeValue[], { loopvar }: ForNode, test: Node, scope: Environment): Steps<RuntimeValue[]> {
    const items: RuntimeValue[] = [];
    for (const item of all) {
      if (this.budget.isTurnDue && this.#wholeBlocks === 0) yield this.budget.takeTurn();
      this.budget.spend(STEPS_PER_ITERATION);
      const inner = new Environment(scope);
      assign(loopvar, item, inner);
      if (isTrue(this.evaluate(test, inner))) items.push(item);
    }
    return items;
  }
}

/** What a loop goes through: the entries of a list, or the keys of a mapping. */
function entries(value: RuntimeValue): RuntimeValue[] {
  const list = asArray(value);
  if (list) return list;
  const map = asMap(value);
  if (!map) throw new Error(`Expected iterable or object type in for loop: got ${value.type}`);
  return Array.from(map.keys(), (key) => new StringValue(key));
}

/** Sets a loop's variable, or several of them to the entries of a list. */
function assign(target: Node, value: RuntimeValue, scope: Environment): void {
  if (target.type !== 'TupleLiteral') {
    scope.setVariable((target as NameNode).value, value as never);
    return;
  }
  const targets = (target as TupleNode).value;
  const values = asArray(value);
  if (!values) throw new Error(`Cannot unpack non-iterable type: ${value.type}`);
  if (targets.length !== values.length) throw new Error(`Too ${targets.length > values.length ? 'few' : 'many'} items to unpack`);
  for (const [index, name] of targets.entries()) assign(name, values[index], scope);
}

function loopVariable(items: readonly RuntimeValue[], index: number): RuntimeValue {
  const left = items.length - index;
  const fields: [string, RuntimeValue][] = [
    ['index', runtimeValue(index + 1)],
    ['index0', runtimeValue(index)],
    ['revindex', runtimeValue(left)],
    ['revindex0', runtimeValue(left - 1)],
    ['first', runtimeValue(index === 0)],
    ['last', runtimeValue(left === 1)],
    ['length', runtimeValue(items.length)],
    ['previtem', items[index - 1] ?? runtimeValue(undefined)],
    ['nextitem', items[index + 1] ?? runtimeValue(undefined)],
  ];
  return new ObjectValue(new Map(fields));
}
