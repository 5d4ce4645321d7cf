import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { invalidRequest } from '../../src/api/http/errors.ts';
import { chatRequestSchema } from '../../src/api/openai/schemas/chat-schema.ts';
import { completionRequestSchema } from '../../src/api/openai/schemas/completion-schema.ts';
import { decisionRequestSchema } from '../../src/api/openai/schemas/decision-schema.ts';
import { embeddingsRequestSchema } from '../../src/api/openai/schemas/embeddings-schema.ts';
import {
  ignoredFields,
  UNSUPPORTED_COMPLETION_FIELDS,
  UNSUPPORTED_FIELDS,
  UNSUPPORTED_MESSAGE_FIELDS,
} from '../../src/api/openai/schemas/openai-fields.ts';
import { ignoredResponseFields, responseRequestSchema, UNSUPPORTED_RESPONSE_FIELDS } from '../../src/api/openai/schemas/response-schema.ts';
import { PACKAGE } from '../../src/local/project-paths.ts';
import { fieldsOf } from './openai-interfaces.ts';

interface Row {
  field: string;
  status: string;
  /** Values of a rejected field that are accepted all the same. */
  accepted: unknown[];
  tests: string[];
}

const DOCS = join(PACKAGE, 'docs');
const text = await readFile(join(DOCS, 'openai-fields.md'), 'utf8');

/** The rows of the table under a heading. */
function rows(heading: string): Row[] {
  const section = text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? '';
  return [...section.matchAll(/^\| `([^`]+)` \| ([^|]*) \|([^|]*)\| ([^|]*) \|$/gm)].map(([, field, status, what, tests]) => ({
    field,
    status: status.trim(),
    accepted: [...(what.split('accepted: ')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, value]) => (value === 'n' ? 1 : JSON.parse(value))),
    tests: [...tests.matchAll(/\]\(([^)]+)\)/g)].map(([, path]) => path),
  }));
}

const names = (table: Row[]) => table.map(({ field }) => field).sort();

const CHAT = 'chat/completions/completions.d.ts';
const ENDPOINTS = [
  {
    heading: 'POST /v1/completions',
    own: 'Own fields of completions',
    schema: completionRequestSchema,
    good: { prompt: 'Hi' },
    unsupported: UNSUPPORTED_FIELDS,
    ignored: ignoredFields,
    listed: await fieldsOf('completions.d.ts', 'CompletionCreateParamsBase'),
  },
  {
    heading: 'POST /v1/chat/completions',
    own: 'Own fields of chat completions',
    schema: chatRequestSchema,
    good: { messages: [{ role: 'user', content: 'Hi' }] },
    unsupported: UNSUPPORTED_FIELDS,
    ignored: ignoredFields,
    listed: await fieldsOf(CHAT, 'ChatCompletionCreateParamsBase'),
  },
  {
    heading: 'POST /v1/responses',
    own: 'Own fields of responses',
    schema: responseRequestSchema,
    good: { input: 'Hi' },
    unsupported: UNSUPPORTED_RESPONSE_FIELDS,
    ignored: ignoredResponseFields,
    listed: await fieldsOf('responses/responses.d.ts', 'ResponseCreateParamsBase'),
  },
  {
    heading: 'POST /v1/embeddings',
    own: 'Own fields of embeddings',
    schema: embeddingsRequestSchema,
    good: { input: 'Hi' },
    unsupported: {},
    ignored: ignoredFields,
    listed: await fieldsOf('embeddings.d.ts', 'EmbeddingCreateParams'),
  },
];
const OWN = "Fields of gpt-edge's own";
const isGeneration = (heading: string) => heading.endsWith('/completions');

describe('docs/openai-fields.md', () => {
  it.each(ENDPOINTS)("should list the fields of OpenAI's types and no others: $heading", ({ heading, listed }) => {
    expect(listed.length).toBeGreaterThanOrEqual(5);
    expect(names(rows(heading))).toEqual([...listed].sort());
  });

  it.each(ENDPOINTS)('should state what the schema does with every field: $heading', ({ heading, schema, good, unsupported, ignored }) => {
    for (const { field, status } of rows(heading)) {
      expect(field in schema.shape, field).toBe(true);
      const actual = field in unsupported ? 'rejected' : field in ignored ? 'without effect' : 'supported';
      expect(status, field).toBe(actual);
      if (status !== 'rejected') continue;
      const { error } = schema.safeParse({ ...good, [field]: 'x' });
      expect(invalidRequest(error!)).toMatchObject({ code: 'unsupported_parameter', param: field });
    }
  });

  it.each(ENDPOINTS)('should accept null for every optional field: $heading', ({ heading, schema, good }) => {
    for (const { field } of rows(heading).filter((row) => !(row.field in good)))
      expect(schema.safeParse({ ...good, [field]: null }).success, field).toBe(true);
  });

  it.each(ENDPOINTS)('should list the values of rejected fields that are accepted: $heading', ({ heading, schema, good, unsupported }) => {
    for (const { field, accepted } of rows(heading).filter(({ status }) => status === 'rejected')) {
      expect(accepted, field).toEqual((unsupported as Record<string, readonly unknown[]>)[field]);
      for (const value of accepted) expect(schema.safeParse({ ...good, [field]: value }).success, field).toBe(true);
    }
  });

  it.each(ENDPOINTS)('should leave out no field that the schema accepts: $heading', ({ heading, own, schema }) => {
    const everywhere = [ignoredFields, UNSUPPORTED_FIELDS, UNSUPPORTED_COMPLETION_FIELDS].flatMap((fields) => Object.keys(fields));
    // OpenAI has these in chats, and responses take them too.
    const ofChats = ['frequency_penalty', 'presence_penalty', 'logit_bias', 'seed'];
    const shared = heading === 'POST /v1/embeddings' ? [] : [...names(rows(OWN)), ...ofChats];
    const told = new Set([...names(rows(heading)), ...shared, ...names(rows(own)), ...everywhere]);
    expect(Object.keys(schema.shape).filter((field) => !told.has(field))).toEqual([]);
    for (const { field } of [...(isGeneration(heading) ? [OWN] : []), own].flatMap(rows)) expect(field in schema.shape, field).toBe(true);
  });

  it('should say of each field of decisions what the schema does', async () => {
    const table = rows('POST /v1/decisions');
    const listed = await fieldsOf('decisions.d.ts', 'DecisionCreateParams');
    expect(names(table)).toEqual([...listed, 'gpt_edge', 'timeout_ms'].sort());
    expect(names(table)).toEqual(Object.keys(decisionRequestSchema.shape).sort());
    for (const { field, status } of table) expect(status, field).toBe(field in ignoredFields ? 'without effect' : 'supported');
  });

  it('should list the fields inside fields', async () => {
    const prefixed = (prefix: string, fields: string[]) => fields.map((field) => prefix + field);
    const roles = ['Assistant', 'Developer', 'Function', 'System', 'Tool', 'User'];
    const sent = roles.map((role) => `ChatCompletion${role}MessageParam`);
    const messages = await fieldsOf(CHAT, ...sent, 'ChatCompletionMessage', 'ParsedChatCompletionMessage');
    const expected = [
      ...prefixed('stream_options.', await fieldsOf(CHAT, 'ChatCompletionStreamOptions')),
      ...prefixed('messages[].', messages),
      ...prefixed('messages[].content[].', await fieldsOf(CHAT, 'ChatCompletionContentPartText')),
    ];
    expect(names(rows('Inside fields'))).toEqual(expected.sort());
  });

  it('should state what the schema does with every field of a message', () => {
    const values: Record<string, unknown> = { refusal: null, role: 'assistant', content: [{ type: 'text', text: 'Hi' }] };
    for (const { field, status, accepted } of rows('Inside fields').filter((row) => /^messages\[\]\.\w+$/.test(row.field))) {
      const key = field.replace('messages[].', '');
      const parse = (value: unknown) => chatRequestSchema.safeParse({ messages: [{ role: 'user', content: 'Hi', [key]: value }] });
      const result = parse(values[key] ?? (key === 'refusal' ? null : 'x'));
      // Calls and results of them have their places in a conversation, which a test of its own checks.
      const isOfTools = key === 'tool_calls' || key === 'tool_call_id';
      if (!isOfTools) expect(result.success, field).toBe(status !== 'rejected');
      if (isOfTools) expect(parse('').success, field).toBe(true);
      if (!(key === 'role' || key === 'content')) expect(parse(null).success, field).toBe(true);
      if (result.success || isOfTools) continue;
      expect(invalidRequest(result.error)).toMatchObject({ code: 'unsupported_parameter', param: `messages[0].${key}` });
      expect(accepted, field).toEqual(UNSUPPORTED_MESSAGE_FIELDS[key as keyof typeof UNSUPPORTED_MESSAGE_FIELDS]);
    }
  });

  it('should name tests that exist and mention the field', async () => {
    const all = [...ENDPOINTS.flatMap(({ heading, own }) => [heading, own]), 'POST /v1/decisions', 'Inside fields', OWN].flatMap(rows);
    const files = new Map<string, string>();
    for (const { field, status, tests } of all) {
      expect(tests, field).not.toEqual([]);
      for (const path of tests) {
        if (!files.has(path)) files.set(path, await readFile(join(DOCS, path), 'utf8'));
        const name = field.split(/[.[\]]+/).at(-1)!;
        // The tests of rejected fields take them from the list itself.
        if (status === 'rejected') expect(files.get(path)).toMatch(/UNSUPPORTED_(RESPONSE_)?FIELDS/);
        else expect(files.get(path), `${path} on ${field}`).toContain(name);
      }
    }
  });
});
