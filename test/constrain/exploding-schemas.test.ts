import { describe, expect, it } from 'vitest';
import { VocabularyConstraints } from '../../src/constrain/vocabulary-constraints.ts';
import { GptEdgeError } from '../../src/core/errors.ts';

const constraints = new VocabularyConstraints({
  size: 257,
  eosTokenIds: [0],
  bytes: (id) => (id === 0 ? new Uint8Array() : Uint8Array.of(id - 1)),
});
await constraints.prepare();

const repeat = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, index) => make(index));
const nested = (depth: number, wrap: (inner: unknown) => unknown, innermost: unknown = true): unknown => {
  let schema = innermost;
  for (let level = 0; level < depth; level++) schema = wrap(schema);
  return schema;
};
/** `count` properties, each with `width` patterns that all must match. */
const patterns = (count: number, pattern: (index: number) => string) => ({
  type: 'object',
  properties: Object.fromEntries(repeat(count, (index) => [`p${index}`, { type: 'string', pattern: pattern(index) }])),
});

/** Small schemas whose automata would be large, in many ways. */
const BOMBS: Record<string, unknown> = {
  'a pattern with 2^30 states': { type: 'string', pattern: '^(a|b)*a(a|b){30}$' },
  'a repetition of repetitions': { type: 'string', pattern: '^((a{100}){100}){100}$' },
  'many patterns that each take a while': patterns(200, (index) => `^(a|b)*a(a|b){9}${index}$`),
  'patterns that all must match': { allOf: repeat(12, (index) => ({ type: 'string', pattern: `(a|b)*a(a|b){${index + 3}}c` })) },
  'alternatives times alternatives': { allOf: repeat(20, () => ({ anyOf: repeat(4, (index) => ({ minLength: index })) })) },
  'schemas within schemas': nested(300, (inner) => ({ type: 'array', items: inner })),
  'a schema that is nothing but a reference to itself': { $ref: '#' },
  'references in a circle': { $defs: { a: { $ref: '#/$defs/b' }, b: { $ref: '#/$defs/a' } }, $ref: '#/$defs/a' },
  'alternatives that refer to their whole': { anyOf: [{ $ref: '#' }, { $ref: '#' }, { type: 'null' }] },
  'a large enum': { enum: repeat(50_000, (index) => `value ${index}`) },
  'key patterns that overlap': {
    type: 'object',
    patternProperties: Object.fromEntries(repeat(14, (index) => [`^(a|b)*a(a|b){${index}}`, { type: 'integer' }])),
  },
  'one of very many': { oneOf: repeat(200, (index) => ({ type: 'string', pattern: `^x*${index}$` })) },
  'a long pattern': { type: 'string', pattern: 'a?'.repeat(20_000) },
  'groups within groups': { type: 'string', pattern: `${'('.repeat(500)}a${')'.repeat(500)}` },
};

/** Counts that are large, and cost nothing: they are counted, not written out. */
const COUNTED: Record<string, unknown> = {
  'a long string': { type: 'string', minLength: 1_000_000 },
  'many items': { type: 'array', minItems: 1_000_000, items: { type: 'integer' } },
  'many properties': { type: 'object', properties: Object.fromEntries(repeat(5_000, (index) => [`p${index}`, true])) },
  'a multiple of a large prime': { type: 'integer', multipleOf: 104_729 },
  'long texts': { enum: repeat(1_000, (index) => `${'a long value '.repeat(20)}${index}`) },
  'alternatives within alternatives': {
    $defs: Object.fromEntries([
      ['l0', true],
      ...repeat(60, (index) => [
        `l${index + 1}`,
        {
          anyOf: [
            { type: 'array', items: { $ref: `#/$defs/l${index}` } },
            { type: 'array', prefixItems: [{ $ref: `#/$defs/l${index}` }] },
          ],
        },
      ]),
    ]),
    $ref: '#/$defs/l60',
  },
  'many properties that are not named': { type: 'object', maxProperties: 1_000_000 },
  'a tree': { $defs: { tree: { type: 'array', items: { $ref: '#/$defs/tree' } } }, $ref: '#/$defs/tree' },
};

describe('a schema that explodes', () => {
  it.each(Object.keys(BOMBS))('should be refused by a cap: %s', (name) => {
    let refusal: unknown;
    try {
      constraints.jsonSchema(BOMBS[name]).start().allowed();
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toBeInstanceOf(GptEdgeError);
    expect((refusal as GptEdgeError).code).toBe('invalid_value');
  });

  it.each(Object.keys(COUNTED))('should be compiled where it only counts: %s', (name) => {
    expect(constraints.jsonSchema(COUNTED[name]).start().isStuck).toBe(false);
  });
});
