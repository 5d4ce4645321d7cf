import { describe, expect, it } from 'vitest';
import { type ConstrainedVocabulary, VocabularyConstraints } from '../../src/constrain/vocabulary-constraints.ts';
import type { ConstraintState, TokenConstraint } from '../../src/core/token-constraint.ts';
import { SeededRandom } from '../generation/seeded-random.ts';

const EOS = 0;
const utf8 = new TextEncoder();

/** All bytes, and random runs of what JSON is made of: many tokens reach over the ends of strings and values. */
function randomVocabulary(random: SeededRandom): ConstrainedVocabulary {
  const pieces = [
    '"',
    '"',
    ',',
    ':',
    '{',
    '}',
    '[',
    ']',
    ' ',
    '\n',
    'a',
    'b',
    'name',
    '1',
    '0',
    '-',
    '.',
    '\\',
    'u00',
    'true',
    'null',
    'é',
    '😀',
    'red',
  ];
  const runs = random.list(400, () => utf8.encode(random.text(pieces, 1 + random.integer(5))));
  const tokens = [new Uint8Array(), ...Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte)), ...runs];
  return { size: tokens.length, eosTokenIds: [EOS], bytes: (id) => tokens[id] };
}

async function prepared(vocabulary: ConstrainedVocabulary): Promise<VocabularyConstraints> {
  const constraints = new VocabularyConstraints(vocabulary);
  await constraints.prepare();
  return constraints;
}

const isAllowed = (state: ConstraintState, id: number): boolean => ((state.allowed()[id >> 5] >>> (id & 31)) & 1) === 1;

const SCHEMAS: unknown[] = [
  {},
  { type: 'object', additionalProperties: { type: 'integer', minimum: -5, maximum: 120 } },
  {
    type: 'object',
    properties: {
      name: { type: 'string', minLength: 1, maxLength: 4 },
      a: { enum: ['red', 'a', 1, null, { b: [1] }] },
      'a"b': { type: 'boolean' },
    },
    required: ['name'],
    additionalProperties: false,
  },
  {
    type: 'array',
    items: { anyOf: [{ type: 'string', pattern: '^[ab]+$' }, { type: 'string' }, { type: 'number' }] },
    minItems: 2,
    maxItems: 3,
  },
  {
    $ref: '#/$defs/tree',
    $defs: { tree: { type: 'object', properties: { name: { const: 'a' }, b: { type: 'array', items: { $ref: '#/$defs/tree' } } } } },
  },
  {
    type: 'object',
    patternProperties: { '^a': { type: 'null' } },
    additionalProperties: { const: 'b' },
    minProperties: 1,
    maxProperties: 3,
  },
  { allOf: [{ type: 'string', maxLength: 3 }, { pattern: 'a' }] },
  { type: ['number', 'null'], exclusiveMinimum: 0, multipleOf: 0.5 },
];

const vocabularyIds = ({ size }: ConstrainedVocabulary) => Array.from({ length: size }, (_, id) => id);

/** Draws tokens among the allowed ones until the answer is complete, with a leaning to its end. */
function draw(
  constraint: TokenConstraint,
  vocabulary: ConstrainedVocabulary,
  random: SeededRandom,
  visit: (state: ConstraintState, bytes: number[]) => void,
) {
  let state = constraint.start();
  const bytes: number[] = [];
  for (let length = 0; length < 60 && !state.isComplete; length++) {
    visit(state, bytes);
    const ids = vocabularyIds(vocabulary).filter((id) => isAllowed(state, id));
    const id = ids.includes(EOS) && random.next() < 0.3 ? EOS : random.pick(ids.length > 1 ? ids.filter((id) => id !== EOS) : ids);
    if (id === EOS) return { text: bytes, isWhole: true };
    bytes.push(...vocabulary.bytes(id));
    state = state.after(id);
  }
  return { text: bytes, isWhole: state.isComplete };
}

describe('token masks', () => {
  it.each(SCHEMAS)(
    'should allow exactly the tokens with which the text goes on, or one that spells what is certain: %j',
    async (schema) => {
      const random = new SeededRandom(5);
      for (let round = 0; round < 12; round++) {
        const vocabulary = randomVocabulary(random);
        const constraint = (await prepared(vocabulary)).jsonSchema(schema, { isOrdered: round % 2 === 0 });
        // A vocabulary of which each token is tried alone, by its bytes.
        const single = await prepared({
          size: 257,
          eosTokenIds: [EOS],
          bytes: (id) => (id === EOS ? new Uint8Array() : Uint8Array.of(id - 1)),
        });
        const { text, isWhole } = draw(constraint, vocabulary, random, (state, bytes) => {
          const before = follow(single.jsonSchema(schema, { isOrdered: round % 2 === 0 }).start(), bytes)!;
          expect(isAllowed(state, EOS)).toBe(isAllowed(before, EOS));
          if (state.onlyToken !== undefined) {
            const certain = String(certainBytes(before));
            const spellings = vocabularyIds(vocabulary).filter((id) => id !== EOS && follow(before, vocabulary.bytes(id)));
            expect(spellings.length === 0 || spellings.includes(state.onlyToken)).toBe(true);
            if (spellings.length > 1) for (const id of spellings) expect(`${certain},`.startsWith(`${vocabulary.bytes(id)},`)).toBe(true);
            return;
          }
          for (let id = 1; id < vocabulary.size; id++)
            if (isAllowed(state, id) !== (follow(before, vocabulary.bytes(id)) !== undefined))
              expect.fail(
                `token ${JSON.stringify(new TextDecoder().decode(vocabulary.bytes(id)))} after ${new TextDecoder().decode(Uint8Array.from(bytes))}`,
              );
        });
        if (isWhole) expect(() => JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(text)))).not.toThrow();
      }
    },
  );

  it('should choose among texts, and end with the last byte that may come', async () => {
    const vocabulary = randomVocabulary(new SeededRandom(6));
    const constraints = await prepared(vocabulary);
    const seen = new Set<string>();
    for (let seed = 0; seed < 60; seed++) {
      const { text, isWhole } = draw(constraints.choice(['red', 'a', 'ab', 'é😀']), vocabulary, new SeededRandom(seed), () => {});
      expect(isWhole).toBe(true);
      seen.add(new TextDecoder().decode(Uint8Array.from(text)));
    }
    expect([...seen].sort()).toEqual(['a', 'ab', 'red', 'é😀']);
  });

  it('should match a regular expression as a whole', async () => {
    const vocabulary = randomVocabulary(new SeededRandom(7));
    const constraint = (await prepared(vocabulary)).pattern('(?:a|é){2,3}1?');
    for (let seed = 0; seed < 60; seed++) {
      const { text, isWhole } = draw(constraint, vocabulary, new SeededRandom(seed), () => {});
      expect(isWhole).toBe(true);
      expect(new TextDecoder().decode(Uint8Array.from(text))).toMatch(/^[aé]{2,3}1?$/u);
    }
  });

  it('should say so if the vocabulary has no token for a valid answer', async () => {
    const constraints = await prepared({
      size: 2,
      eosTokenIds: [EOS],
      bytes: (id) => (id === EOS ? new Uint8Array() : utf8.encode('a')),
    });
    expect(constraints.choice(['b']).start().isStuck).toBe(true);
    expect(constraints.choice(['aa']).start().isStuck).toBe(false);
  });
});

/** The bytes that must come, one at a time. */
function certainBytes(state: ConstraintState): number[] {
  const bytes: number[] = [];
  for (
    let at = state;
    !at.isComplete && at.onlyToken !== undefined && at.onlyToken !== EOS && bytes.length < 100;
    at = at.after(at.onlyToken)
  )
    bytes.push(at.onlyToken - 1);
  return bytes;
}

/** The state after some bytes, one at a time; undefined if one of them is not allowed. */
function follow(state: ConstraintState, bytes: Iterable<number>): ConstraintState | undefined {
  let current = state;
  for (const byte of bytes) {
    if (current.isComplete || !isAllowed(current, byte + 1)) return undefined;
    current = current.after(byte + 1);
  }
  return current;
}

describe('schemas that explode', () => {
  const deep = (depth: number): unknown =>
    depth === 0 ? { type: 'null' } : { type: 'object', properties: { a: deep(depth - 1) }, required: ['a'] };
  it.each([
    ['depth', deep(3000)],
    ['alternatives', { allOf: Array.from({ length: 12 }, () => ({ anyOf: [{ type: 'string' }, { type: 'number' }, { type: 'null' }] })) }],
    ['a pattern', { type: 'string', pattern: '(a|b)*a(a|b){20}' }],
    ['a length with a pattern', { type: 'string', pattern: 'a.*b', maxLength: 100_000 }],
    ['references in a circle', { $ref: '#/$defs/a', $defs: { a: { $ref: '#/$defs/b' }, b: { $ref: '#/$defs/a' } } }],
    ['a keyword of a name that every object has', { toString: {} }],
    ['no finite value', { type: 'object', properties: { a: { $ref: '#' } }, required: ['a'] }],
  ])('should be refused by name: %s', (_, schema) => {
    const constraints = new VocabularyConstraints({ size: 1, eosTokenIds: [EOS], bytes: () => new Uint8Array() });
    expect(() => constraints.jsonSchema(schema)).toThrow(/cannot be enforced/);
  });
});
