import { canonicalText } from './canonical-text.ts';
import type { Keywords } from './keywords.ts';

/**
 * Whether it is plain that no value satisfies both: they have no type in common, no constant in common, or as objects a
 * required property whose constants differ.
 */
export function isDisjoint(a: readonly Keywords[], b: readonly Keywords[]): boolean {
  const types = (keywords: readonly Keywords[]) => keywords.map(typeList).filter((list) => list !== undefined);
  for (const left of types(a)) for (const right of types(b)) if (!left.some((type) => right.includes(type))) return true;
  if (differ(constants(a), constants(b))) return true;
  if (
    !types(a)
      .concat(types(b))
      .every((list) => list.length === 1 && list[0] === 'object') ||
    types(a).length === 0
  )
    return false;
  const required = (keywords: readonly Keywords[]) => keywords.flatMap((one) => one.names('required'));
  const names = required(a).filter((name) => required(b).includes(name));
  return names.some((name) => differ(propertyConstants(a, name), propertyConstants(b, name)));
}

function typeList(keywords: Keywords): string[] | undefined {
  const value = keywords.value('type');
  if (value === undefined) return undefined;
  const list = (Array.isArray(value) ? value : [value]).map(String);
  return list.includes('number') ? [...list, 'integer'] : list;
}

/** The texts of the values that are allowed at all; undefined if the schemas do not list them. */
function constants(keywords: readonly Keywords[]): Set<string> | undefined {
  for (const one of keywords) {
    const values = one.has('const') ? [one.value('const')] : one.list('enum');
    if (values) return new Set(values.map(canonicalText));
  }
  return undefined;
}

function propertyConstants(keywords: readonly Keywords[], name: string): Set<string> | undefined {
  for (const one of keywords) {
    const schema = one.schemasByName('properties').get(name)?.schema;
    if (typeof schema !== 'object') continue;
    if (Object.hasOwn(schema, 'const')) return new Set([canonicalText(schema.const)]);
    if (Array.isArray(schema.enum)) return new Set(schema.enum.map(canonicalText));
  }
  return undefined;
}

const differ = (a: Set<string> | undefined, b: Set<string> | undefined): boolean =>
  a !== undefined && b !== undefined && ![...a].some((text) => b.has(text));
