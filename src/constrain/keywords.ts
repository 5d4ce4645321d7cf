import type { SchemaObject, Subschema } from './schema-document.ts';
import { subschema } from './schema-document.ts';
import { type SchemaPath, unenforceable } from './unenforceable.ts';

/** The keywords that say nothing about which values are valid. */
const ANNOTATIONS = [
  '$comment',
  '$schema',
  '$defs',
  'definitions',
  'title',
  'description',
  'default',
  'examples',
  'example',
  'deprecated',
  'readOnly',
  'writeOnly',
  'contentEncoding',
  'contentMediaType',
  'contentSchema',
  'discriminator',
];

const ENFORCED = [
  '$ref',
  'allOf',
  'anyOf',
  'oneOf',
  'type',
  'enum',
  'const',
  'properties',
  'required',
  'additionalProperties',
  'patternProperties',
  'minProperties',
  'maxProperties',
  'items',
  'prefixItems',
  'minItems',
  'maxItems',
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf',
  'minLength',
  'maxLength',
  'pattern',
  'format',
] as const;

type Keyword = (typeof ENFORCED)[number];
const KNOWN = new Set<string>([...ANNOTATIONS, ...ENFORCED]);

/** Whether a keyword is enforced, or has no effect on which values are valid. */
export const isKnownKeyword = (keyword: string): boolean => KNOWN.has(keyword) || keyword.startsWith('x-');

/** Keywords whose value may be such that they say nothing. */
const NEUTRAL: Readonly<Record<string, (value: unknown) => boolean>> = {
  uniqueItems: (value) => value === false,
  minContains: (value) => value === 0,
  not: (value) => value === false,
  unevaluatedProperties: (value) => value === true,
  unevaluatedItems: (value) => value === true,
  dependentRequired: isEmptyObject,
  dependentSchemas: isEmptyObject,
  propertyNames: (value) => value === true || isEmptyObject(value),
};

function isEmptyObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;
}

/**
 * The keywords of one schema, read with their types.
 */
export class Keywords {
  readonly path: SchemaPath;
  readonly #schema: SchemaObject;

  /** @throws GptEdgeError `invalid_value` that names a keyword that is not enforced */
  constructor({ schema, path }: { schema: SchemaObject; path: SchemaPath }) {
    this.#schema = schema;
    this.path = path;
    for (const [keyword, value] of Object.entries(schema)) {
      if (isKnownKeyword(keyword) || (Object.hasOwn(NEUTRAL, keyword) && NEUTRAL[keyword](value))) continue;
      throw unenforceable(path, `the keyword "${keyword.slice(0, 100)}" is not supported`);
    }
  }

  has(keyword: Keyword): boolean {
    return Object.hasOwn(this.#schema, keyword);
  }

  value(keyword: Keyword): unknown {
    return this.has(keyword) ? this.#schema[keyword] : undefined;
  }

  /** A number that is a whole one, 0 or more; undefined if the keyword is missing. */
  count(keyword: Keyword): number | undefined {
    const value = this.number(keyword);
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= 0)) throw this.error(keyword, 'it is a whole number, 0 or more');
    return value;
  }

  number(keyword: Keyword): number | undefined {
    const value = this.value(keyword);
    if (value === undefined) return undefined;
    if (typeof value !== 'number') throw this.error(keyword, 'it is a number');
    return value;
  }

  string(keyword: Keyword): string | undefined {
    const value = this.value(keyword);
    if (value === undefined) return undefined;
    if (typeof value !== 'string') throw this.error(keyword, 'it is a string');
    return value;
  }

  /** A list; undefined if the keyword is missing. */
  list(keyword: Keyword): readonly unknown[] | undefined {
    const value = this.value(keyword);
    if (value === undefined) return undefined;
    if (!Array.isArray(value)) throw this.error(keyword, 'it is a list');
    return value;
  }

  names(keyword: Keyword): readonly string[] {
    const list = this.list(keyword) ?? [];
    if (!list.every((name) => typeof name === 'string')) throw this.error(keyword, 'it is a list of strings');
    return list;
  }

  schema(keyword: Keyword): Subschema | undefined {
    return this.has(keyword) ? subschema(this.value(keyword), [...this.path, keyword]) : undefined;
  }

  schemas(keyword: Keyword): readonly Subschema[] {
    return (this.list(keyword) ?? []).map((schema, index) => subschema(schema, [...this.path, keyword, index]));
  }

  /** The schemas that a keyword holds by name. */
  schemasByName(keyword: Keyword): ReadonlyMap<string, Subschema> {
    const value = this.value(keyword);
    if (value === undefined) return new Map();
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw this.error(keyword, 'it is an object of schemas');
    return new Map(Object.entries(value).map(([name, schema]) => [name, subschema(schema, [...this.path, keyword, name])]));
  }

  error(keyword: Keyword, reason: string) {
    return unenforceable([...this.path, keyword], reason);
  }
}

/** The tightest of the counts that all schemas together ask for. */
export function countBounds(keywords: readonly Keywords[], least: Keyword, most: Keyword): { min: number; max: number } {
  return {
    min: Math.max(0, ...keywords.map((one) => one.count(least) ?? 0)),
    max: Math.min(...keywords.map((one) => one.count(most) ?? Number.POSITIVE_INFINITY)),
  };
}
