import { Environment } from '@huggingface/jinja';
import { characterCount, occurrences, type Side, splitRanges, strippedRange } from './python-text.ts';
import { TemplateLimitError } from './template-limit-error.ts';
import { concatenate, type OriginText, sliceOrigin, type WrittenRanges } from './written-ranges.ts';

/** A value of @huggingface/jinja's interpreter. */
export interface RuntimeValue {
  readonly type: string;
  readonly value: unknown;
  toString(): string;
}
type Callable = (args: RuntimeValue[], scope: Environment) => RuntimeValue;

/** UTF-16 units of any one text in a rendering. The largest request body is below. */
export const MAX_TEXT_LENGTH = 2 * 2 ** 20;
/** Pieces that one text is split into, or joined from. A prompt of so many lines fits into no context window. */
const MAX_PIECES = 2 ** 16;

/** The library exports none of its classes of values, so each is taken from what it makes of a JavaScript value. */
const classOf = (value: unknown) => new Environment().set('value', value).constructor as new (value: unknown) => RuntimeValue;
export const StringValue = classOf('') as unknown as typeof JinjaString;
const IntegerValue = classOf(0);
const BooleanValue = classOf(true);
const UndefinedValue = classOf(undefined);
const ArrayValue = classOf([]);
export const ObjectValue = classOf({});
const FunctionValue = classOf(() => {});

export const isString = (value: RuntimeValue): boolean => value instanceof StringValue;
export const asArray = (value: RuntimeValue): RuntimeValue[] | undefined =>
  value instanceof ArrayValue ? (value.value as RuntimeValue[]) : undefined;
export const asMap = (value: RuntimeValue): Map<string, RuntimeValue> | undefined =>
  value instanceof ObjectValue ? (value.value as Map<string, RuntimeValue>) : undefined;
export const asInteger = (value: RuntimeValue | undefined): number | undefined =>
  value instanceof IntegerValue ? (value.value as number) : undefined;

/** Whether a value counts as true, as in Python. */
export const isTrue = (value: RuntimeValue): boolean => (value as unknown as { __bool__(): { value: boolean } }).__bool__().value;

/** The interpreter's value for one that a loop has. */
export const runtimeValue = (value: number | boolean | undefined): RuntimeValue =>
  value === undefined ? new UndefinedValue(undefined) : new (typeof value === 'number' ? IntegerValue : BooleanValue)(value);

/** What the library's strings look like from outside. */
declare class JinjaString implements RuntimeValue {
  constructor(value: string);
  readonly type: string;
  readonly value: string;
  get builtins(): ReadonlyMap<string, RuntimeValue>;
}

/**
 * A string of the interpreter that knows which of its characters the template wrote. Its methods are Python's and keep
 * that knowledge.
 */
export class TracedString extends StringValue {
  readonly written: WrittenRanges;
  #methods: Map<string, RuntimeValue> | undefined;

  /** @throws TemplateLimitError for a text longer than MAX_TEXT_LENGTH */
  constructor({ value, written }: OriginText) {
    checkLength(value.length);
    super(value);
    this.written = written;
  }

  /** Any string of the interpreter; characters of one that is not traced were not written by the template. */
  static of(value: RuntimeValue): TracedString {
    return value instanceof TracedString ? value : new TracedString({ value: String(value.value), written: [] });
  }

  strip(side: Side, characters?: RuntimeValue): TracedString {
    const chosen = characters && isString(characters) ? String(characters.value) : undefined;
    const [start, end] = strippedRange(this.value, side, chosen);
    return new TracedString(sliceOrigin(this.origin, start, end));
  }

  get origin(): OriginText {
    return { value: this.value, written: this.written };
  }

  override get builtins(): Map<string, RuntimeValue> {
    this.#methods ??= new Map<string, RuntimeValue>([...super.builtins, ...methodsOf(this)]);
    return this.#methods;
  }
}

function methodsOf(string: TracedString): [string, RuntimeValue][] {
  const method = (name: string, call: Callable): [string, RuntimeValue] => [name, new FunctionValue(call)];
  const strip = (side: Side) => (args: RuntimeValue[]) => string.strip(side, args[0]);
  const text = string.origin;
  return [
    // Python counts characters where JavaScript counts UTF-16 units.
    ['length', new IntegerValue(characterCount(text.value))],
    method('strip', strip('both')),
    method('lstrip', strip('left')),
    method('rstrip', strip('right')),
    method('lower', () => new TracedString(sameLength(text, text.value.toLowerCase()))),
    method('upper', () => new TracedString(sameLength(text, text.value.toUpperCase()))),
    method('split', ([separator, most]) => new ArrayValue(split(text, separator, most))),
    method('replace', (args) => new TracedString(replace(text, args))),
  ];
}

/**
 * A change of case, which keeps every character in its place but for a few; where it does not, nothing counts as the
 * template's.
 */
function sameLength({ value, written }: OriginText, changed: string): OriginText {
  return { value: changed, written: changed.length === value.length ? written : [] };
}

function split(text: OriginText, separator: RuntimeValue | undefined, most: RuntimeValue | undefined): TracedString[] {
  const at = separator && isString(separator) ? String(separator.value) : undefined;
  if (at === '') throw new Error('empty separator');
  const limit = asInteger(most) ?? -1;
  const ranges = splitRanges(text.value, at, limit < 0 ? Number.POSITIVE_INFINITY : limit);
  checkPieces(ranges.length);
  return ranges.map(([start, end]) => new TracedString(sliceOrigin(text, start, end)));
}

function replace(text: OriginText, [old, replacement, third]: RuntimeValue[]): OriginText {
  if (!old || !replacement || !isString(old) || !isString(replacement)) throw new Error('replace() takes two strings');
  const limit = asInteger(third) ?? asInteger(third && asMap(third)?.get('count')) ?? -1;
  const [from, to] = [TracedString.of(old).origin, TracedString.of(replacement).origin];
  const places = [...occurrences(text.value, from.value, limit < 0 ? Number.POSITIVE_INFINITY : limit)];
  checkPieces(places.length);
  checkLength(text.value.length + places.length * (to.value.length - from.value.length));
  const parts: OriginText[] = [];
  let end = 0;
  for (const place of places) {
    parts.push(sliceOrigin(text, end, place), to);
    end = place + from.value.length;
  }
  return concatenate([...parts, sliceOrigin(text, end, text.value.length)]);
}

/** Joins texts with a separator between them. */
export function joinTexts(texts: readonly OriginText[], separator: OriginText): OriginText {
  const between = Math.max(0, texts.length - 1) * separator.value.length;
  checkLength(texts.reduce((sum, { value }) => sum + value.length, between));
  return concatenate(texts.flatMap((text, index) => (index === 0 ? [text] : [separator, text])));
}

function checkPieces(count: number): void {
  if (count > MAX_PIECES) throw new TemplateLimitError(`makes a text of ${count} pieces, over the limit of ${MAX_PIECES}`);
}

function checkLength(length: number): void {
  if (length > MAX_TEXT_LENGTH) throw new TemplateLimitError(`makes a text of ${length} characters, over the limit of ${MAX_TEXT_LENGTH}`);
}
