import { z } from '@hono/zod-openapi';
import { MAX_CONTEXT_WINDOW } from '../../../core/limits.ts';
import { costSchema } from './answer-fields.ts';
import { jsonSchema, schemaNameSchema } from './answer-format.ts';
import { commonFields } from './common-fields.ts';
import { MAX_PARTS } from './content-schema.ts';
import { CUSTOM_TYPE, customResponseFields } from './custom-tool-schema.ts';
import { documentDefault, ignored, integerBetween } from './field-types.ts';
import { ignoredFields, neutralFields } from './openai-fields.ts';
import { samplingFields } from './sampling-fields.ts';
import { FUNCTION_TYPE, functionFields, idSchema, MAX_TOOLS, nameSchema, TOOL_TYPE_ERROR, toolFields } from './tool-schema.ts';

/** The most items of an input, with those that it refers to: more than fit into the context window of any small model. */
export const MAX_ITEMS = 2048;

/** Fields that ask for something this server does not do, each with the values that ask for nothing. */
export const UNSUPPORTED_RESPONSE_FIELDS = {
  conversation: [],
  access_programs: [],
  context_management: [[]],
  image: [],
  moderation: [],
  prompt: [],
  reasoning: [{}, { effort: null }, { effort: null, summary: null }, { effort: 'none' }],
  truncation: ['disabled'],
} as const satisfies Record<string, readonly unknown[]>;

const { metadata, user, safety_identifier, ...ignoredEverywhere } = ignoredFields;

/** Fields that change nothing: those that do not anywhere, and a limit for tools that OpenAI runs. */
export const ignoredResponseFields = { ...ignoredEverywhere, max_tool_calls: ignored(z.number()) };

/** The longest id of an item: that of its response, with the name of an object, and more. */
const MAX_ITEM_ID = 512;

/** A field that is repeated in the answer, and changes nothing else. */
const repeated = <T extends z.ZodType>(schema: T) => schema.openapi({ description: 'Repeated in the answer.' });

const status = ignored(z.enum(['in_progress', 'completed', 'incomplete']));
/** Where a response is stored, an item can be named by its id instead of sending it again. */
const ownId = z.string().max(MAX_ITEM_ID).nullish();

const partSchema = z.strictObject({
  type: z.enum(['input_text', 'output_text', 'text'], { error: 'must be input_text or output_text' }),
  text: z.string(),
  annotations: ignored(z.array(z.unknown())),
  logprobs: ignored(z.array(z.unknown())),
  prompt_cache_breakpoint: ignored(z.record(z.string(), z.unknown())),
});
const contentSchema = z.union([z.string(), z.array(partSchema).max(MAX_PARTS)], {
  error: `must be a string or up to ${MAX_PARTS} parts of text`,
});

const messageItem = z.strictObject({
  type: z.literal('message').nullish(),
  role: z.enum(['system', 'developer', 'user', 'assistant']).openapi({ description: '`developer` is the same as `system`.' }),
  content: contentSchema,
  id: ownId,
  status,
  phase: ignored(z.enum(['commentary', 'final_answer'])),
});
const callFields = { call_id: idSchema, id: ownId, status };
const callItem = z.strictObject({ type: z.literal('function_call'), ...callFields, name: nameSchema, arguments: z.string() });
const customCallItem = z.strictObject({ type: z.literal('custom_tool_call'), ...callFields, name: nameSchema, input: z.string() });
const outputFields = { ...callFields, output: contentSchema, name: ignored(z.string()) };
const outputItem = z.strictObject({ type: z.literal('function_call_output'), ...outputFields });
const customOutputItem = z.strictObject({ type: z.literal('custom_tool_call_output'), ...outputFields });
const referenceItem = z.strictObject({ type: z.literal('item_reference'), id: z.string().max(MAX_ITEM_ID) });
/** What is wrong with an item is said of the kind that its type names. */
const itemSchema = z.discriminatedUnion('type', [messageItem, callItem, outputItem, customCallItem, customOutputItem, referenceItem], {
  error: 'must be message, function_call, function_call_output, custom_tool_call, custom_tool_call_output or item_reference',
});

/** What is wrong with which item. A union by itself would only say that the input is neither of two things. */
function itemComplaint([, ofList]: readonly z.core.$ZodIssue[][]): string | undefined {
  const [first] = ofList ?? [];
  if (first === undefined || first.path.length === 0) return undefined;
  const [index, ...fields] = first.path;
  return `item ${String(index)}${fields.length > 0 ? `, ${fields.map(String).join('.')}` : ''}: ${first.message}`;
}

const responseTool = z.discriminatedUnion(
  'type',
  [
    z.strictObject({ type: FUNCTION_TYPE, ...functionFields }),
    z.strictObject({ type: CUSTOM_TYPE, name: nameSchema, ...customResponseFields }),
  ],
  TOOL_TYPE_ERROR,
);
const namedTool = z.strictObject({ type: z.enum(['function', 'custom'], TOOL_TYPE_ERROR), name: nameSchema });

const textSchema = z.strictObject({
  format: z
    .discriminatedUnion(
      'type',
      [
        z.strictObject({ type: z.literal('text') }),
        z.strictObject({ type: z.literal('json_object') }),
        z.strictObject({
          type: z.literal('json_schema'),
          name: schemaNameSchema,
          description: z.string().nullish(),
          schema: jsonSchema,
          strict: z.boolean().nullish(),
        }),
      ],
      { error: 'must have the type text, json_object or json_schema' },
    )
    .nullish()
    .openapi({ description: 'What the answer must be, as `response_format` in a chat.' }),
  verbosity: z.literal('medium', { error: 'must be medium: max_output_tokens limits the length of an answer' }).nullish(),
});

/** What `include` may name that has an effect. All else that it may name comes from tools that OpenAI runs. */
export const INCLUDE_LOGPROBS = 'message.output_text.logprobs';

export const responseRequestSchema = z
  .strictObject({
    model: commonFields.model,
    stream: commonFields.stream,
    timeout_ms: commonFields.timeout_ms,
    prompt_cache_key: commonFields.prompt_cache_key,
    ...samplingFields,
    ...ignoredResponseFields,
    metadata: repeated(metadata),
    user: repeated(user),
    safety_identifier: repeated(safety_identifier),
    ...neutralFields(UNSUPPORTED_RESPONSE_FIELDS),
    input: z.union([z.string(), z.array(itemSchema).min(1, 'must not be empty').max(MAX_ITEMS, `has at most ${MAX_ITEMS} items`)], {
      error: ({ errors }) => itemComplaint(errors as z.core.$ZodIssue[][]) ?? 'must be a string or a list of items',
    }),
    instructions: z.string().nullish().openapi({ description: 'A system message before the input.' }),
    store: z
      .boolean()
      .nullish()
      .openapi(documentDefault('Keeps the response for a while, and makes it although its client may leave.', false)),
    background: z
      .boolean()
      .nullish()
      .openapi(documentDefault('Answers at once, and makes the response afterwards, which is stored.', false)),
    previous_response_id: z
      .string()
      .max(MAX_ITEM_ID)
      .nullish()
      .openapi({ description: 'A stored response, whose conversation goes on. Its instructions do not.' }),
    max_output_tokens: integerBetween(1, MAX_CONTEXT_WINDOW)
      .nullish()
      .openapi({ description: 'Default: what is left of the context window, at most 1024.' }),
    text: textSchema.nullish(),
    tools: z.array(responseTool).max(MAX_TOOLS, `has at most ${MAX_TOOLS} tools`).nullish().openapi({
      description: 'Functions that the model may call, and custom tools, whose input is a text.',
    }),
    tool_choice: z
      .union(
        [
          z.enum(['none', 'auto', 'required']),
          namedTool,
          z.strictObject({
            type: z.literal('allowed_tools'),
            mode: z.enum(['auto', 'required']),
            tools: z.array(namedTool).min(1).max(MAX_TOOLS),
          }),
        ],
        { error: 'must be none, auto, required, a function, a custom tool or allowed_tools' },
      )
      .nullish(),
    parallel_tool_calls: toolFields.parallel_tool_calls,
    include: z
      .array(z.string())
      .max(32)
      .nullish()
      .openapi({ description: `\`${INCLUDE_LOGPROBS}\` reports log-probabilities; all else has no effect.` }),
    top_logprobs: integerBetween(0, 20).nullish().openapi({ description: 'Alternatives to report with each token.' }),
    stream_options: z.strictObject({ include_obfuscation: z.literal(false).nullish() }).nullish(),
  })
  .refine(({ store, background }) => !(background && store === false), {
    path: ['background'],
    error: 'a response in the background is stored, and so store cannot be false',
  })
  .openapi('ResponseRequest', { example: { input: 'Tell me a story about a dragon.', seed: 1 } });

const logprobSchema = z.object({ token: z.string(), logprob: z.number(), bytes: z.array(z.number().int()) });
const outputTextSchema = z.object({
  type: z.literal('output_text'),
  text: z.string(),
  annotations: z.array(z.unknown()),
  logprobs: z.array(logprobSchema.extend({ top_logprobs: z.array(logprobSchema) })),
});
const itemStatus = z.enum(['in_progress', 'completed', 'incomplete']);

const callOutputFields = { id: z.string(), status: itemStatus, call_id: z.string(), name: z.string() };

const outputItemSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('message'),
    id: z.string(),
    status: itemStatus,
    role: z.literal('assistant'),
    content: z.array(outputTextSchema),
  }),
  z.object({ type: z.literal('function_call'), ...callOutputFields, arguments: z.string() }),
  z.object({ type: z.literal('custom_tool_call'), ...callOutputFields, input: z.string() }),
]);

const responseUsageSchema = z.object({
  input_tokens: z.number().int(),
  input_tokens_details: z.object({ cached_tokens: z.number().int(), cache_write_tokens: z.number().int() }),
  output_tokens: z.number().int(),
  output_tokens_details: z.object({ reasoning_tokens: z.number().int() }),
  total_tokens: z.number().int(),
  gpt_edge: costSchema,
});

/** What OpenAI's answers have. Fields that repeat the request stand here as they are repeated. */
export const responseSchema = z
  .object({
    id: z.string(),
    object: z.literal('response'),
    created_at: z.number().int(),
    completed_at: z.number().int().nullable(),
    status: z.enum(['queued', 'in_progress', 'completed', 'incomplete', 'failed', 'cancelled']),
    error: z.object({ code: z.string(), message: z.string() }).nullable(),
    incomplete_details: z.object({ reason: z.literal('max_output_tokens') }).nullable(),
    model: z.string(),
    output: z.array(outputItemSchema),
    usage: responseUsageSchema.nullable(),
    instructions: z.string().nullable(),
    max_output_tokens: z.number().int().nullable(),
    tools: z.array(z.record(z.string(), z.unknown())),
    tool_choice: z.unknown(),
    parallel_tool_calls: z.boolean(),
    text: z.record(z.string(), z.unknown()),
    temperature: z.number(),
    top_p: z.number(),
    presence_penalty: z.number(),
    frequency_penalty: z.number(),
    top_logprobs: z.number().int(),
    metadata: z.record(z.string(), z.unknown()),
    user: z.string().nullable(),
    safety_identifier: z.string().nullable(),
    prompt_cache_key: z.string().nullable(),
    previous_response_id: z.string().nullable(),
    reasoning: z.object({ effort: z.null(), summary: z.null() }),
    truncation: z.literal('disabled'),
    service_tier: z.literal('default'),
    store: z.boolean(),
    background: z.boolean(),
    max_tool_calls: z.null(),
  })
  .openapi('Response');

/** A page of the items that a response answers. */
export const itemListSchema = z.object({
  object: z.literal('list'),
  data: z.array(z.looseObject({ id: z.string() })),
  first_id: z.string().nullable(),
  last_id: z.string().nullable(),
  has_more: z.boolean(),
});

/** What all events of a streamed response have. The first, the second and the last have the response itself. */
export const responseEventSchema = z
  .looseObject({ type: z.string(), sequence_number: z.number().int() })
  .openapi('ResponseEvent', { description: "An event of OpenAI's Responses API." });

export type ResponseWireRequest = z.infer<typeof responseRequestSchema>;
export type WireItem = z.infer<typeof itemSchema>;
export type WireResponse = z.infer<typeof responseSchema>;
export type OutputItem = z.infer<typeof outputItemSchema>;
export type OutputText = z.infer<typeof outputTextSchema>;
