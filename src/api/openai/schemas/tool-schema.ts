import { z } from '@hono/zod-openapi';
import { CUSTOM_TYPE, customFields } from './custom-tool-schema.ts';
import { documentDefault } from './field-types.ts';

/** The most functions of a request, as in OpenAI's API. */
export const MAX_TOOLS = 128;
/** The most calls of one message of the history. */
const MAX_CALLS = 128;
/** The longest id of a call: OpenAI's have 29 characters. */
const MAX_ID_LENGTH = 256;

/** The name of a tool. */
export const nameSchema = z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/, 'must be 1 to 64 letters, digits, underscores and hyphens');

/** What a function is, besides its type: a chat has it in `function`, a response beside the type. */
export const functionFields = {
  name: nameSchema,
  description: z.string().nullish(),
  parameters: z
    .record(z.string(), z.unknown())
    .nullish()
    .openapi({ description: 'A JSON Schema (draft 2020-12) of the arguments. Default: an object without properties.' }),
  strict: z.boolean().nullish().openapi({
    description:
      "Whether the properties come in the schema's order, and a schema that cannot be enforced is refused. Otherwise the arguments are any JSON object if it cannot.",
  }),
};

export const FUNCTION_TYPE = z.literal('function');
export const TOOL_TYPE_ERROR = { error: 'must be function or custom' };
const toolSchema = z.discriminatedUnion(
  'type',
  [
    z.strictObject({ type: FUNCTION_TYPE, function: z.strictObject(functionFields) }),
    z.strictObject({ type: CUSTOM_TYPE, custom: z.strictObject({ name: nameSchema, ...customFields }) }),
  ],
  TOOL_TYPE_ERROR,
);
const namedSchema = z.discriminatedUnion(
  'type',
  [
    z.strictObject({ type: FUNCTION_TYPE, function: z.strictObject({ name: nameSchema }) }),
    z.strictObject({ type: CUSTOM_TYPE, custom: z.strictObject({ name: nameSchema }) }),
  ],
  TOOL_TYPE_ERROR,
);
type NamedTool = z.infer<typeof namedSchema>;

export const toolFields = {
  tools: z
    .array(toolSchema)
    .max(MAX_TOOLS, `has at most ${MAX_TOOLS} tools`)
    .nullish()
    .openapi({ description: 'Functions that the model may call, and custom tools, whose input is a text.' }),
  tool_choice: z
    .union(
      [
        z.enum(['none', 'auto', 'required']),
        namedSchema,
        z.strictObject({
          type: z.literal('allowed_tools'),
          allowed_tools: z.strictObject({ mode: z.enum(['auto', 'required']), tools: z.array(namedSchema).min(1).max(MAX_TOOLS) }),
        }),
      ],
      { error: 'must be none, auto, required, a function, a custom tool or allowed_tools' },
    )
    .nullish()
    .openapi({ description: 'Whether the answer calls tools, and which. Default: auto with tools, else none.' }),
  parallel_tool_calls: z.boolean().nullish().openapi(documentDefault('Whether an answer may have several calls.', false)),
};

/** The id of a call. */
export const idSchema = z.string().min(1).max(MAX_ID_LENGTH);

const toolCallSchema = z.discriminatedUnion(
  'type',
  [
    z.strictObject({ id: idSchema, type: FUNCTION_TYPE, function: z.strictObject({ name: nameSchema, arguments: z.string() }) }),
    z.strictObject({ id: idSchema, type: CUSTOM_TYPE, custom: z.strictObject({ name: nameSchema, input: z.string() }) }),
  ],
  TOOL_TYPE_ERROR,
);

export type WireToolCall = z.infer<typeof toolCallSchema>;

/** The fields of a message that calls and their results have. */
export const toolMessageFields = {
  tool_calls: z
    .union([z.array(toolCallSchema).max(MAX_CALLS), z.literal(''), z.strictObject({})], {
      error: 'must be a list of calls of functions and custom tools',
    })
    .nullish()
    .openapi({ description: "The calls of an assistant's message." }),
  tool_call_id: z.string().max(MAX_ID_LENGTH).nullish().openapi({ description: "The call that a tool's message is the result of." }),
};

/** The fields of a request that concern tools. */
export type ToolRequest = { [K in keyof typeof toolFields]?: z.infer<(typeof toolFields)[K]> };

/** Checks what the fields have to do with each other. */
export function checkTools({ tools, tool_choice }: ToolRequest, context: z.core.$RefinementCtx): void {
  const refuse = (path: (string | number)[], message: string) => context.addIssue({ code: 'custom', path, message });
  const names = (tools ?? []).map(nameOf);
  const twice = names.findIndex((name, index) => names.indexOf(name) < index);
  if (twice >= 0) refuse(['tools', twice, tools![twice].type, 'name'], 'another tool has the same name');
  if (tool_choice == null || tool_choice === 'none' || tool_choice === 'auto') return;
  if (names.length === 0) refuse(['tool_choice'], 'only allowed with tools');
  else if (toolsChosen(tool_choice).some((chosen) => !tools!.some((tool) => isSame(tool, chosen))))
    refuse(['tool_choice'], 'names a tool that is not among tools');
}

/** The tools that a choice names; none if it is one of words. */
export function toolsChosen(choice: NonNullable<ToolRequest['tool_choice']>): NamedTool[] {
  if (typeof choice === 'string') return [];
  return choice.type === 'allowed_tools' ? choice.allowed_tools.tools : [choice];
}

export const nameOf = (tool: NamedTool): string => (tool.type === 'custom' ? tool.custom : tool.function).name;

/** Whether two are the same tool, of one kind. */
export const isSame = (a: NamedTool, b: NamedTool): boolean => a.type === b.type && nameOf(a) === nameOf(b);
