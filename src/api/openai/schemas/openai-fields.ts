import { z } from '@hono/zod-openapi';
import { ignored } from './field-types.ts';

/**
 * Fields of OpenAI's API that ask for something this server does not do, each with the values that ask for nothing.
 * These are accepted, and so is null; a request with any other value is refused by name. docs/openai-fields.md repeats
 * the list for readers.
 */
export const UNSUPPORTED_FIELDS = {
  audio: [],
  function_call: ['none', 'auto'],
  functions: [[]],
  modalities: [['text']],
  moderation: [],
  reasoning_effort: ['none'],
  verbosity: ['medium'],
  web_search_options: [],
} as const satisfies Record<string, readonly unknown[]>;

/** The same for fields that chat completions support, and completions do not. */
export const UNSUPPORTED_COMPLETION_FIELDS = {
  parallel_tool_calls: [true, false],
  tool_choice: ['none', 'auto'],
  tools: [[]],
} as const satisfies Record<string, readonly unknown[]>;

const EMPTY = ['', [], {}] as const;

/**
 * The same for the fields of a message. A client sends an answer back as it got it, or as its library filled it up:
 * with every field that OpenAI's answers may have, null or empty.
 */
export const UNSUPPORTED_MESSAGE_FIELDS = {
  annotations: EMPTY,
  audio: EMPTY,
  function_call: EMPTY,
  parsed: EMPTY,
} as const satisfies Record<string, readonly unknown[]>;

/** All of these names. Where a schema does not know one, it is still refused as what it is. */
export const UNSUPPORTED_NAMES: ReadonlySet<string> = new Set(
  [UNSUPPORTED_FIELDS, UNSUPPORTED_COMPLETION_FIELDS, UNSUPPORTED_MESSAGE_FIELDS].flatMap((fields) => Object.keys(fields)),
);

const UNSUPPORTED = { isUnsupported: true };

/** What a schema says of a part of a message that no model here reads. */
export const askedForImage = { params: UNSUPPORTED };

/** Whether a schema complains of a value that asks for what this server does not do. */
export const isUnsupported = (issue: z.core.$ZodIssue): boolean => issue.code === 'custom' && issue.params?.isUnsupported === true;

/** A field of which only null and these values are accepted. */
function neutralField(values: readonly unknown[]) {
  const known = new Set(values.map((value) => JSON.stringify(value)));
  return z
    .unknown()
    .refine((value) => value == null || known.has(JSON.stringify(value)), { params: UNSUPPORTED })
    .optional()
    .openapi({ description: 'Not supported; only values that ask for nothing are accepted.', enum: [null, ...values] });
}

/** Fields of which only null and their values are accepted. */
export const neutralFields = <T extends Record<string, readonly unknown[]>>(fields: T) =>
  Object.fromEntries(Object.entries(fields).map(([name, values]) => [name, neutralField(values)])) as {
    [K in keyof T]: ReturnType<typeof neutralField>;
  };

export const unsupportedFields = neutralFields(UNSUPPORTED_FIELDS);

export const unsupportedCompletionFields = neutralFields(UNSUPPORTED_COMPLETION_FIELDS);
export const unsupportedMessageFields = neutralFields(UNSUPPORTED_MESSAGE_FIELDS);

/**
 * Fields that real clients send and that change nothing here, because they concern OpenAI's own accounting, storage and
 * caches. The list is closed; docs/openai-fields.md and README.md repeat it for readers.
 */
export const ignoredFields = {
  metadata: ignored(z.record(z.string(), z.unknown())),
  prompt_cache_options: ignored(z.record(z.string(), z.unknown())),
  prompt_cache_retention: ignored(z.string()),
  safety_identifier: ignored(z.string()),
  service_tier: ignored(z.string()),
  user: ignored(z.string()),
};
