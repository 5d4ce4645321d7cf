import { MAX_NESTING } from './limits.ts';
import { type SchemaPath, unenforceable } from './unenforceable.ts';

/** A schema that is an object. */
export type SchemaObject = Readonly<Record<string, unknown>>;

/** A part of a schema, and where it stands. */
export interface Subschema {
  readonly schema: SchemaObject | boolean;
  readonly path: SchemaPath;
}

/** A schema with what its references point to. */
export class SchemaDocument {
  readonly root: Subschema;

  /** @throws GptEdgeError `invalid_value` if it is neither an object nor a truth value */
  constructor(schema: unknown) {
    checkNesting(schema);
    this.root = subschema(schema, []);
  }

  /**
   * What `$ref` points to: the root, or a part of it by a JSON pointer (RFC 6901).
   * @throws GptEdgeError `invalid_value` for other documents, anchors, and what does not exist
   */
  resolve(reference: unknown, path: SchemaPath): Subschema {
    if (typeof reference !== 'string' || !(reference === '#' || reference.startsWith('#/')))
      throw unenforceable(path, `${shortened(reference)} is not a reference of the form #/…, which points into the schema itself`);
    const keys = reference.split('/').slice(1).map(unescapePointer);
    let value: unknown = this.root.schema;
    for (const key of keys) {
      if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key))
        throw unenforceable(path, `${shortened(reference)} points to nothing`);
      value = (value as SchemaObject)[key];
    }
    return subschema(value, keys);
  }
}

/** What comes after this walks through the schema by recursion. */
function checkNesting(schema: unknown): void {
  let level: unknown[] = [schema];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_NESTING) throw unenforceable([], `more than ${MAX_NESTING} objects and lists lie within each other`);
    level = level.flatMap((value) => (typeof value === 'object' && value !== null ? Object.values(value) : []));
  }
}

/** @throws GptEdgeError `invalid_value` if `schema` is neither an object nor a truth value */
export function subschema(schema: unknown, path: SchemaPath): Subschema {
  if (typeof schema === 'boolean') return { schema, path };
  if (typeof schema === 'object' && schema !== null && !Array.isArray(schema)) return { schema: schema as SchemaObject, path };
  throw unenforceable(path, 'a schema is an object, true or false');
}

/** A value in an error message. */
export const shortened = (value: unknown): string => {
  const text = JSON.stringify(value) ?? 'undefined';
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
};

const unescapePointer = (part: string): string => {
  try {
    return decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~');
  } catch {
    return part;
  }
};
