import { ArrayPart } from './array-part.ts';
import type { ByteState } from './byte-state.ts';
import { canonicalText } from './canonical-text.ts';
import { isDisjoint } from './disjoint.ts';
import { Effort } from './effort.ts';
import { contentOf, scalar } from './json-text.ts';
import { countBounds, Keywords } from './keywords.ts';
import { MAX_ALTERNATIVES, MAX_CHOICES, MAX_SCHEMA_DEPTH, MAX_SCHEMA_NODES } from './limits.ts';
import { ObjectPart, patternsKey } from './object-part.ts';
import { Choice, Leaf, type Part } from './reading.ts';
import { either } from './regular/expression.ts';
import { found } from './regular/pattern.ts';
import { automatonAt, leafOf, numberParts, parsePattern, stringParts } from './scalar-parts.ts';
import { type SchemaDocument, type SchemaObject, type Subschema, shortened } from './schema-document.ts';
import { textAutomaton } from './text-automaton.ts';
import { TextState } from './text-state.ts';
import { type SchemaPath, unenforceable } from './unenforceable.ts';

const TYPES = ['null', 'boolean', 'number', 'integer', 'string', 'array', 'object'] as const;
type Type = (typeof TYPES)[number];
/** The most patterns of `patternProperties` whose schemas are combined, for each set of those that match one name. */
const MAX_KEY_PATTERNS = 4;
/** The keywords that speak of properties without naming them. */
const REST_KEYWORDS = ['additionalProperties', 'patternProperties', 'minProperties'] as const;
/** What a value takes besides its automata, in the same measure: many small ones add up. */
const EFFORT_OF_VALUE = 50;

/** Schemas that hold all together, with what `allOf` and `$ref` add, and without their alternatives. */
interface Conjunction {
  readonly keywords: readonly Keywords[];
  readonly path: SchemaPath;
  /** A schema among them is `false`. */
  readonly isNever: boolean;
}

/**
 * Turns a JSON Schema (draft 2020-12) into the part of a text that is a valid value. Schemas that hold together (`allOf`,
 * `$ref` beside other keywords, several schemas for one property) are combined keyword by keyword; alternatives are
 * multiplied out. What cannot be enforced is refused by its name and place.
 */
export class SchemaCompiler {
  readonly #document: SchemaDocument;
  readonly #isOrdered: boolean;
  readonly #isClosed: boolean;
  readonly #parts = new Map<string, Choice>();
  readonly #ids = new Map<SchemaObject, number>();
  /** Parts that may become possible by what others are. */
  readonly #open: { update(): boolean }[] = [];
  readonly #objects: { part: ObjectPart; path: SchemaPath }[] = [];
  readonly #effort: Effort;
  #count = 0;
  #depth = 0;

  /**
   * @param options.isOrdered whether properties come in the schema's order
   * @param options.isClosed whether objects that name properties have no others, unless their schema speaks of these
   * @param effort what may be spent on it, if that is shared with other schemas
   */
  constructor(document: SchemaDocument, { isOrdered = false, isClosed = false } = {}, effort = new Effort()) {
    this.#document = document;
    this.#isOrdered = isOrdered;
    this.#isClosed = isClosed;
    this.#effort = effort;
  }

  /** @throws GptEdgeError `invalid_value` for a schema that cannot be enforced, or that no value satisfies */
  compile(): Part {
    const root = this.#part([this.#document.root]);
    this.#settle();
    if (!root.isPossible) throw unenforceable([], 'no value satisfies it');
    for (const { part, path } of this.#objects)
      if (part.hasTrap) throw unenforceable([...path, 'patternProperties'], 'some properties that match a pattern can have no value');
    return root;
  }

  /** Finds out which parts have a finite text, from the leaves upwards. */
  #settle(): void {
    for (let changed = true; changed; ) {
      changed = false;
      for (const part of this.#open) if (part.update()) changed = true;
    }
  }

  /** The values that satisfy all the schemas. */
  #part(schemas: readonly Subschema[]): Choice {
    const key = this.#keyOf(schemas);
    const known = this.#parts.get(key);
    if (known) return known;
    const path = schemas[0]?.path ?? [];
    if (++this.#depth > MAX_SCHEMA_DEPTH) throw unenforceable([], `more than ${MAX_SCHEMA_DEPTH} schemas lie within each other`);
    if (++this.#count > MAX_SCHEMA_NODES) throw unenforceable(path, `there are more than ${MAX_SCHEMA_NODES} different values`);
    this.#effort.spend(EFFORT_OF_VALUE);
    const part = new Choice();
    this.#parts.set(key, part);
    this.#open.push(part);
    for (const conjunction of this.#alternatives(schemas)) part.options.push(...this.#options(conjunction));
    this.#depth--;
    return part;
  }

  #keyOf(schemas: readonly Subschema[]): string {
    const ids = schemas.map(({ schema }) => {
      if (typeof schema === 'boolean') return schema ? 0 : -1;
      const id = this.#ids.get(schema) ?? this.#ids.size + 1;
      this.#ids.set(schema, id);
      return id;
    });
    return [...new Set(ids)].sort((a, b) => a - b).join();
  }

  /** Follows `$ref` and `allOf`, and multiplies out `anyOf` and `oneOf`. */
  #alternatives(schemas: readonly Subschema[]): Conjunction[] {
    const empty: Conjunction = { keywords: [], path: schemas[0]?.path ?? [], isNever: false };
    return schemas.reduce((before, schema) => this.#multiply(before, this.#expand(schema, [])), [empty]);
  }

  /** @param within the schemas whose references and combinations led here without reading anything */
  #expand({ schema, path }: Subschema, within: readonly SchemaObject[]): Conjunction[] {
    if (typeof schema === 'boolean') return [{ keywords: [], path, isNever: !schema }];
    if (within.length > MAX_SCHEMA_DEPTH) throw unenforceable([], `more than ${MAX_SCHEMA_DEPTH} schemas lie within each other`);
    if (within.includes(schema)) throw unenforceable(path, 'it refers to itself without end');
    const keywords = new Keywords({ schema, path });
    const inner = [...within, schema];
    let all: Conjunction[] = [{ keywords: [keywords], path, isNever: false }];
    const add = (subschema: Subschema) => {
      all = this.#multiply(all, this.#expand(subschema, inner));
    };
    if (keywords.has('$ref')) add(this.#document.resolve(keywords.value('$ref'), [...path, '$ref']));
    for (const subschema of keywords.schemas('allOf')) add(subschema);
    for (const keyword of ['anyOf', 'oneOf'] as const) {
      if (!keywords.has(keyword)) continue;
      const options = keywords.schemas(keyword).map((subschema) => this.#expand(subschema, inner));
      if (keyword === 'oneOf') this.#checkDisjoint(keywords, options);
      all = this.#multiply(all, options.flat());
    }
    return all;
  }

  /** `oneOf` is enforced as `anyOf` where no value can satisfy two of its schemas. */
  #checkDisjoint(keywords: Keywords, options: readonly Conjunction[][]): void {
    for (const [index, option] of options.entries())
      for (const other of options.slice(index + 1))
        if (!option.every((a) => a.isNever || other.every((b) => b.isNever || isDisjoint(a.keywords, b.keywords))))
          throw keywords.error(
            'oneOf',
            'a value might satisfy two of its schemas; give each another type, or a property of its own constant, or use anyOf',
          );
  }

  #multiply(left: readonly Conjunction[], right: readonly Conjunction[]): Conjunction[] {
    if (left.length * right.length > MAX_ALTERNATIVES)
      throw unenforceable(left[0].path, `it has more than ${MAX_ALTERNATIVES} alternatives`);
    return left.flatMap((a) =>
      right.map((b) => ({ keywords: [...a.keywords, ...b.keywords], path: a.path, isNever: a.isNever || b.isNever })),
    );
  }

  /** The parts of one alternative: one for each type, or those of its `enum`. */
  #options(conjunction: Conjunction): Part[] {
    if (conjunction.isNever) return [];
    const listed = listedValues(conjunction.keywords);
    if (listed) return this.#valueParts(conjunction, listed);
    return this.#typedParts(conjunction.keywords);
  }

  #typedParts(keywords: readonly Keywords[]): Part[] {
    const types = keywords.reduce<readonly Type[]>((left, one) => commonTypes(left, typesOf(one)), TYPES);
    const parts: Part[] = [];
    if (types.includes('null')) parts.push(leafOf(scalar(null), this.#effort));
    if (types.includes('boolean')) parts.push(leafOf(either(scalar(true), scalar(false)), this.#effort));
    if (types.includes('number') || types.includes('integer')) parts.push(...numberParts(keywords, !types.includes('number')));
    if (types.includes('string')) parts.push(...stringParts(keywords, this.#effort));
    if (types.includes('array')) parts.push(this.#arrayPart(keywords));
    if (types.includes('object')) parts.push(this.#objectPart(keywords));
    return parts;
  }

  /** The values of `enum` and `const` that satisfy the other keywords too. */
  #valueParts({ keywords }: Conjunction, values: readonly unknown[]): Part[] {
    const others = new Choice();
    others.options.push(...this.#typedParts(keywords));
    this.#open.push(others);
    this.#settle();
    const valid = values.filter((value) => others.isPossible && TextState.accepts(others, JSON.stringify(value)));
    const scalars = valid.filter((value) => typeof value !== 'object' || value === null) as (string | number | boolean | null)[];
    const composed = valid.filter((value) => typeof value === 'object' && value !== null);
    return [
      ...(scalars.length > 0 ? [new Leaf(textAutomaton(scalars.map((value) => JSON.stringify(value))))] : []),
      ...composed.map((value) => this.#part([{ schema: schemaOfValue(value as object), path: keywords[0].path }])),
    ];
  }

  #arrayPart(keywords: readonly Keywords[]): ArrayPart {
    const { min, max } = countBounds(keywords, 'minItems', 'maxItems');
    const part = new ArrayPart(min, max);
    const prefixes = keywords.map((one) => one.schemas('prefixItems'));
    const rests = keywords.map((one) => one.schema('items'));
    const count = Math.max(...prefixes.map(({ length }) => length));
    for (let index = 0; index < count; index++)
      part.prefix.push(this.#part(prefixes.flatMap((prefix, one) => prefix[index] ?? rests[one] ?? [])));
    part.rest = this.#part(rests.flatMap((rest) => rest ?? []));
    this.#open.push(part);
    return part;
  }

  #objectPart(keywords: readonly Keywords[]): ObjectPart {
    const required = new Set(keywords.flatMap((one) => one.names('required')));
    const branches = keywords.map((one) => ({
      properties: one.schemasByName('properties'),
      patterns: [...one.schemasByName('patternProperties')],
      rest: one.schema('additionalProperties'),
    }));
    const sources = [...new Set(branches.flatMap(({ patterns }) => patterns.map(([source]) => source)))];
    const path = keywords[0]?.path ?? [];
    const isMatch = sources.map((source) => {
      const expression = parsePattern(source, [...path, 'patternProperties'], found);
      const content = automatonAt(contentOf(expression), [...path, 'patternProperties'], this.#effort);
      return { content, matches: (name: string) => content !== undefined && runs(content, JSON.stringify(name).slice(1, -1)) };
    });
    /** The value of a name that matches those sources, as all branches together have it. */
    const partOf = (name: string | undefined, matching: ReadonlySet<string>): Choice =>
      this.#part(
        branches.flatMap(({ properties, patterns, rest }) => {
          const own = name === undefined ? undefined : properties.get(name);
          const schemas = [...(own ? [own] : []), ...patterns.filter(([source]) => matching.has(source)).map(([, schema]) => schema)];
          return schemas.length > 0 ? schemas : rest ? [rest] : [];
        }),
      );
    const names = new Set([...branches.flatMap(({ properties }) => [...properties.keys()]), ...required]);
    const matching = (name: string) => new Set(sources.filter((_, index) => isMatch[index].matches(name)));
    const { min, max } = countBounds(keywords, 'minProperties', 'maxProperties');
    if (min > names.size + 1)
      throw unenforceable([...path, 'minProperties'], `it asks for ${min} different properties, and the schema names only ${names.size}`);
    if (sources.length > MAX_KEY_PATTERNS)
      throw unenforceable(
        [...path, 'patternProperties'],
        `there are ${sources.length} patterns, and at most ${MAX_KEY_PATTERNS} can be combined`,
      );
    const isClosed =
      this.#isClosed &&
      keywords.some((one) => one.has('properties')) &&
      !keywords.some((one) => REST_KEYWORDS.some((word) => one.has(word)));
    const other = (members: ReadonlySet<string>) => (isClosed ? this.#part([{ schema: false, path }]) : partOf(undefined, members));
    const part = new ObjectPart({
      properties: new Map([...names].map((name) => [name, partOf(name, matching(name))])),
      required,
      patterns: isMatch.map(({ content }) => content ?? NOTHING),
      others: new Map(subsets(sources).map(({ indices, members }) => [patternsKey(indices), other(members)])),
      min,
      max,
      isOrdered: this.#isOrdered,
    });
    this.#open.push(part);
    this.#objects.push({ part, path });
    return part;
  }
}

const NOTHING: ByteState = { accepts: false, step: () => undefined };

function runs(state: ByteState, text: string): boolean {
  let at: ByteState | undefined = state;
  for (const byte of new TextEncoder().encode(text)) at = at?.step(byte);
  return at?.accepts ?? false;
}

/** All sets of patterns, each by the patterns' numbers and themselves. */
function subsets(sources: readonly string[]): { indices: number[]; members: Set<string> }[] {
  return Array.from({ length: 2 ** sources.length }, (_, bits) => {
    const indices = sources.flatMap((_, index) => ((bits >> index) & 1 ? [index] : []));
    return { indices, members: new Set(indices.map((index) => sources[index])) };
  });
}

function typesOf(keywords: Keywords): readonly Type[] {
  const value = keywords.value('type');
  if (value === undefined) return TYPES;
  const types = Array.isArray(value) ? value : [value];
  const unknown = types.find((type) => !TYPES.includes(type as Type));
  if (unknown !== undefined || types.length === 0)
    throw keywords.error('type', `${shortened(unknown ?? value)} is not one of ${TYPES.join(', ')}`);
  return types as Type[];
}

/** The types in both lists; every integer is a number. */
function commonTypes(a: readonly Type[], b: readonly Type[]): Type[] {
  const has = (types: readonly Type[], type: Type) => types.includes(type) || (type === 'integer' && types.includes('number'));
  return TYPES.filter((type) => has(a, type) && has(b, type));
}

/** The values that `enum` and `const` leave; undefined if there are neither. */
function listedValues(keywords: readonly Keywords[]): readonly unknown[] | undefined {
  const lists = keywords.flatMap((one) => {
    const values = one.list('enum');
    if (values && values.length > MAX_CHOICES) throw unenforceable([...one.path, 'enum'], `it has more than ${MAX_CHOICES} values`);
    return [...(values ? [values] : []), ...(one.has('const') ? [[one.value('const')]] : [])];
  });
  if (lists.length === 0) return undefined;
  const texts = lists.map((values) => new Map(values.map((value) => [canonicalText(value), value])));
  return [...texts[0]].filter(([text]) => texts.every((list) => list.has(text))).map(([, value]) => value);
}

/** A schema of the one value, in any order of its properties. */
function schemaOfValue(value: object): SchemaObject {
  if (Array.isArray(value))
    return { type: 'array', prefixItems: value.map((item) => ({ const: item })), items: false, minItems: value.length };
  const properties = Object.fromEntries(Object.entries(value).map(([name, item]) => [name, { const: item }]));
  return { type: 'object', properties, required: Object.keys(value), additionalProperties: false };
}
