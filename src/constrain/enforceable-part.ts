import { FORMATS } from './formats.ts';
import { isKnownKeyword } from './keywords.ts';

/** Keywords whose value is a schema, a list of schemas, or an object of schemas. */
const INNER = ['items', 'additionalProperties'];
const LISTS = ['prefixItems', 'allOf', 'anyOf', 'oneOf'];
const OBJECTS = ['properties', 'patternProperties', '$defs', 'definitions'];

/**
 * What of a schema can be enforced: the same without keywords and formats that are not supported, and with `anyOf` in
 * place of `oneOf`. Every value of the schema is one of the result as well, but not the other way round.
 */
export function enforceablePart(schema: unknown): unknown {
  if (Array.isArray(schema) || typeof schema !== 'object' || schema === null) return schema;
  const kept = Object.entries(schema).filter(
    ([keyword, value]) =>
      isKnownKeyword(keyword) && !(keyword === 'format' && !(typeof value === 'string' && Object.hasOwn(FORMATS, value))),
  );
  return Object.fromEntries(
    kept.map(([keyword, value]) => [keyword === 'oneOf' && !('anyOf' in schema) ? 'anyOf' : keyword, innerPart(keyword, value)]),
  );
}

function innerPart(keyword: string, value: unknown): unknown {
  if (INNER.includes(keyword)) return enforceablePart(value);
  if (LISTS.includes(keyword) && Array.isArray(value)) return value.map(enforceablePart);
  if (!OBJECTS.includes(keyword) || typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, enforceablePart(inner)]));
}
