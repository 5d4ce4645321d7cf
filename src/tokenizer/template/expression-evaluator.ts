import { type Environment, Interpreter } from '@huggingface/jinja';
import {
  type BinaryNode,
  type BlockNode,
  type EvaluatedNode,
  evaluated,
  type FilterNode,
  type MemberNode,
  type Node,
  type SliceNode,
} from './nodes.ts';
import { characterPlace } from './python-text.ts';
import { RenderingBudget } from './rendering-budget.ts';
import { TemplateLimitError } from './template-limit-error.ts';
import { asArray, asInteger, asMap, isString, joinTexts, type RuntimeValue, TracedString } from './traced-string.ts';
import { concatenate, type OriginText, sliceOrigin, wholeRange } from './written-ranges.ts';

/** Characters of a text, entries of a list, and numbers of a text's written ranges that a step reads. */
const CHARACTERS_PER_STEP = 256;
const ENTRIES_PER_STEP = 4;
const RANGES_PER_STEP = 64;
/** The widest indentation that the filters `indent` and `tojson` make. */
const MAX_INDENT = 64;
/** Filters whose result keeps its origin, or whose arguments are bounded here. */
const TRACED_FILTERS = ['join', 'trim', 'indent', 'tojson'];

/**
 * The methods of the library's interpreter that are overridden or called, which TypeScript's `private` does not
 * prevent.
 */
interface Internals {
  evaluate(node: Node | undefined, scope: Environment): RuntimeValue;
  evaluateBlock(nodes: Node[], scope: Environment): RuntimeValue;
  evaluateMacro(node: BlockNode, scope: Environment): RuntimeValue;
  evaluateCallStatement(node: BlockNode, scope: Environment): RuntimeValue;
  evaluateBinaryExpression(node: BinaryNode, scope: Environment): RuntimeValue;
  evaluateMemberExpression(node: MemberNode, scope: Environment): RuntimeValue;
  evaluateSliceExpression(object: RuntimeValue, node: SliceNode, scope: Environment): RuntimeValue;
  evaluateArguments(nodes: Node[], scope: Environment): [RuntimeValue[], Map<string, RuntimeValue>];
  applyFilter(operand: RuntimeValue, filter: FilterNode, scope: Environment): RuntimeValue;
}
const Base = Interpreter as unknown as new (scope: Environment) => Internals;

/**
 * Evaluates the expressions of a template: the interpreter of @huggingface/jinja with two additions. Every text knows
 * which of its characters the template wrote ({@link TracedString}); what an operation gives that is not overridden
 * here counts as not written. And each node, text and list is counted.
 */
export class ExpressionEvaluator extends Base {
  protected readonly budget = new RenderingBudget();
  /** Nodes within each part of the tree that was counted. */
  readonly #sizes = new Map<object, number>();

  override evaluate(node: Node | undefined, scope: Environment): RuntimeValue {
    if (node?.type === 'Evaluated') return (node as EvaluatedNode).evaluated;
    this.budget.enter();
    this.budget.spend(1);
    try {
      return this.#traced(super.evaluate(node, scope), node);
    } finally {
      this.budget.leave();
    }
  }

  #traced(value: RuntimeValue, node: Node | undefined): RuntimeValue {
    if (!isString(value)) {
      this.budget.spend(((asArray(value)?.length ?? 0) / ENTRIES_PER_STEP) | 0);
      return value;
    }
    const text = String(value.value);
    const traced =
      node?.type === 'StringLiteral' ? new TracedString({ value: text, written: wholeRange(text.length) }) : TracedString.of(value);
    this.spendText(traced.origin);
    return traced;
  }

  protected spendText({ value, written }: OriginText): void {
    this.budget.spend(((value.length / CHARACTERS_PER_STEP) | 0) + ((written.length / RANGES_PER_STEP) | 0));
  }

  /** The library looks through the whole of a macro, and of a call's block, whenever it comes to one. */
  override evaluateMacro(node: BlockNode, scope: Environment): RuntimeValue {
    this.budget.spend(this.#size(node));
    return super.evaluateMacro(node, scope);
  }

  override evaluateCallStatement(node: BlockNode, scope: Environment): RuntimeValue {
    this.budget.spend(this.#size(node));
    return super.evaluateCallStatement(node, scope);
  }

  #size(node: object): number {
    const known = this.#sizes.get(node);
    if (known !== undefined) return known;
    const parts = node instanceof Map ? [...node].flat() : Object.values(node);
    const size = parts.reduce((sum, part) => sum + (typeof part === 'object' && part !== null ? this.#size(part) : 0), 1);
    this.#sizes.set(node, size);
    return size;
  }

  override evaluateBinaryExpression(node: BinaryNode, scope: Environment): RuntimeValue {
    if (node.operator.value !== '+' && node.operator.value !== '~') return super.evaluateBinaryExpression(node, scope);
    const [left, right] = [this.evaluate(node.left, scope), this.evaluate(node.right, scope)];
    const joins = node.operator.value === '~' || (isPrintable(left) && isPrintable(right) && (isString(left) || isString(right)));
    if (joins && left.type !== 'UndefinedValue' && right.type !== 'UndefinedValue')
      return new TracedString(concatenate([this.print(left), this.print(right)]));
    return super.evaluateBinaryExpression({ ...node, left: evaluated(left), right: evaluated(right) }, scope);
  }

  /** One character of a string. The library would count UTF-16 units, and so could give half of one. */
  override evaluateMemberExpression(node: MemberNode, scope: Environment): RuntimeValue {
    if (!node.computed || node.property.type === 'SliceExpression') return super.evaluateMemberExpression(node, scope);
    const [object, property] = [this.evaluate(node.object, scope), this.evaluate(node.property, scope)];
    const index = asInteger(property);
    if (!isString(object) || index === undefined)
      return super.evaluateMemberExpression({ ...node, object: evaluated(object), property: evaluated(property) }, scope);
    const { origin } = TracedString.of(object);
    const [start, end] = [
      characterPlace(origin.value, index),
      index === -1 ? origin.value.length : characterPlace(origin.value, index + 1),
    ];
    return new TracedString(sliceOrigin(origin, start, end));
  }

  override evaluateSliceExpression(object: RuntimeValue, node: SliceNode, scope: Environment): RuntimeValue {
    const [start, stop, step] = [node.start, node.stop, node.step].map((bound) => this.evaluate(bound, scope));
    if (isString(object) && (asInteger(step) ?? 1) === 1) {
      const { origin } = TracedString.of(object);
      const [from, to] = characterRange(origin.value, asInteger(start), asInteger(stop));
      return new TracedString(sliceOrigin(origin, from, Math.max(from, to)));
    }
    return super.evaluateSliceExpression(object, { ...node, start: evaluated(start), stop: evaluated(stop), step: evaluated(step) }, scope);
  }

  override applyFilter(operand: RuntimeValue, filter: FilterNode, scope: Environment): RuntimeValue {
    const name = filter.value ?? filter.callee?.value ?? '';
    this.#measure(operand);
    if (!TRACED_FILTERS.includes(name)) return super.applyFilter(operand, filter, scope);
    const [positional, named] = this.evaluateArguments(filter.args ?? [], scope);
    const entries = asArray(operand);
    if (name === 'join' && entries) return this.#join(entries, positional[0] ?? named.get('d'), named.get('attribute'));
    if (name === 'trim' && isString(operand)) return TracedString.of(operand).strip('both', positional[0]);
    const indent = asInteger(named.get(name === 'tojson' ? 'indent' : 'width') ?? positional[0]) ?? 0;
    if (indent > MAX_INDENT) throw new TemplateLimitError(`indents by ${indent} spaces, over the limit of ${MAX_INDENT}`);
    return super.applyFilter(operand, filter, scope);
  }

  #join(entries: readonly RuntimeValue[], separator: RuntimeValue | undefined, attribute: RuntimeValue | undefined): TracedString {
    const texts = entries.map((entry) => this.print(attribute ? attributeOf(entry, String(attribute.value)) : entry));
    return new TracedString(joinTexts(texts, separator ? this.print(separator) : { value: '', written: [] }));
  }

  /** What a value is in the rendered text: what Python's `str` gives, and nothing for what is undefined. */
  protected print(value: RuntimeValue): OriginText {
    if (isString(value)) return TracedString.of(value).origin;
    if (value.type === 'UndefinedValue') return NO_TEXT;
    if (value.type === 'NullValue') return { value: 'None', written: [] };
    if (value.type === 'BooleanValue') return { value: value.value ? 'True' : 'False', written: [] };
    this.#measure(value);
    return { value: value.toString(), written: [] };
  }

  /**
   * Counts a value's parts as often as they are printed: lists that hold one another would print exponentially much.
   */
  #measure(value: RuntimeValue): void {
    if (isString(value)) this.budget.spend((String(value.value).length / CHARACTERS_PER_STEP) | 0);
    const parts = asArray(value) ?? asMap(value)?.values();
    for (const part of parts ?? []) {
      this.budget.spend(1);
      this.#measure(part);
    }
  }
}

export const NO_TEXT: OriginText = { value: '', written: [] };

const isPrintable = (value: RuntimeValue): boolean => ['StringValue', 'IntegerValue', 'FloatValue'].includes(value.type);

function attributeOf(entry: RuntimeValue, attribute: string): RuntimeValue {
  const value = asMap(entry)?.get(attribute);
  if (value === undefined) throw new Error(`join: an entry has no attribute ${attribute}`);
  return value;
}

function characterRange(text: string, start: number | undefined, stop: number | undefined): [start: number, end: number] {
  return [characterPlace(text, start ?? 0), stop === undefined ? text.length : characterPlace(text, stop)];
}
