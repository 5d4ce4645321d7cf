import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SchemaCompiler } from '../../src/constrain/schema-compiler.ts';
import { SchemaDocument } from '../../src/constrain/schema-document.ts';
import { TextState } from '../../src/constrain/text-state.ts';
import { GptEdgeError } from '../../src/core/errors.ts';

interface Group {
  description: string;
  schema: unknown;
  tests: { description: string; data: unknown; valid: boolean }[];
}

const FOLDER = join(import.meta.dirname, 'json-schema-test-suite');

/** Valid values that are not taken. */
function isLeftOut(description: string, data: unknown): boolean {
  // Which minutes have a leap second is no matter of form, and people have no such addresses.
  if (/leap second|quoted string|address-literal/.test(description)) return true;
  // Names of hosts are written in ASCII alone.
  return typeof data === 'string' && data.toLowerCase().startsWith('xn--');
}

/** The one invalid value that is taken: the length of a host's name is not counted as a whole. */
const isTaken = (description: string): boolean => description.startsWith('exceeds maximum overall length');

const files = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));

/** Why schemas were refused. */
const refused = new Map<string, number>();
let enforced = 0;

describe.each(files)('%s', (file) => {
  const groups = JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as Group[];
  it.each(groups)('should accept exactly what is valid, or refuse: $description', ({ schema, tests }) => {
    let part: ReturnType<SchemaCompiler['compile']>;
    try {
      part = new SchemaCompiler(new SchemaDocument(schema)).compile();
    } catch (error) {
      expect(error).toBeInstanceOf(GptEdgeError);
      const { message } = error as GptEdgeError;
      // A schema without a valid value is refused too.
      if (message.endsWith('no value satisfies it.')) expect(tests.filter(({ valid }) => valid)).toEqual([]);
      else refused.set(message, tests.length);
      return;
    }
    for (const { description, data, valid } of tests) {
      const expected = valid ? !isLeftOut(description, data) : isTaken(description);
      expect(TextState.accepts(part, JSON.stringify(data)), description).toBe(expected);
      enforced++;
    }
  });
});

describe('the suite', () => {
  it('should be enforced for the most part', () => {
    expect(enforced).toBeGreaterThan(950);
  });

  it('should be refused for these reasons alone', () => {
    const reasons = [...refused.keys()].map((message) => message.replace(/^The schema cannot be enforced at [^:]*: /, ''));
    const kinds = [
      /^the keyword "(\$id|\$anchor|\$dynamicRef|\$dynamicAnchor|contains|minContains|maxContains|dependentRequired|dependentSchemas|if|then|else|not|propertyNames|unevaluatedItems|unevaluatedProperties|uniqueItems)" is not supported\.$/,
      /is not a reference of the form #/,
      /^a value might satisfy two of its schemas/,
      /look-around|cannot be enforced, near/,
      /An expression is too large/,
      /properties that match a pattern/,
    ];
    expect(reasons.filter((reason) => !kinds.some((kind) => kind.test(reason)))).toEqual([]);
  });
});
