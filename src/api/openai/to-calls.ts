import { Effort } from '../../constrain/effort.ts';
import { enforceablePart } from '../../constrain/enforceable-part.ts';
import type { VocabularyConstraints } from '../../constrain/vocabulary-constraints.ts';
import type { CallSyntax } from '../../core/call-syntax.ts';
import { GptEdgeError } from '../../core/errors.ts';
import type { TokenConstraint } from '../../core/token-constraint.ts';
import type { ToolDefinition } from '../../tokenizer/chat-template.ts';
import { isSame, nameOf, type ToolRequest, toolsChosen } from './schemas/tool-schema.ts';

/** The calls that an answer may have, and how it writes them. */
export interface AnswerCalls {
  readonly syntax: CallSyntax;
  /** The names of the tools, and what each is. */
  readonly kinds: ReadonlyMap<string, Tool['type']>;
  /** Whether the answer has nothing but calls. */
  readonly isForced: boolean;
}

type Tool = NonNullable<ToolRequest['tools']>[number];
type FunctionTool = Extract<Tool, { type: 'function' }>['function'];
type CustomTool = Extract<Tool, { type: 'custom' }>['custom'];

/** The tools that a request lets the model call: none with `tool_choice: "none"`. */
export function callableTools({ tools, tool_choice }: ToolRequest): Tool[] {
  if (tool_choice === 'none') return [];
  const chosen = tool_choice == null ? [] : toolsChosen(tool_choice);
  const all = tools ?? [];
  return chosen.length > 0 ? all.filter((tool) => chosen.some((one) => isSame(tool, one))) : all;
}

/** The calls that an answer may have; undefined if there are no tools. */
export function toAnswerCalls(request: ToolRequest, syntax: CallSyntax): AnswerCalls | undefined {
  const kinds = new Map(callableTools(request).map((tool) => [nameOf(tool), tool.type]));
  return kinds.size > 0 ? { syntax, kinds, isForced: isForced(request) } : undefined;
}

/** The tools as a chat template knows them: as functions. */
export const toDefinitions = (tools: readonly Tool[]): ToolDefinition[] =>
  tools.map((tool) => {
    const { description } = tool.type === 'custom' ? tool.custom : tool.function;
    return { name: nameOf(tool), ...(description != null && { description }), parameters: toParameters(tool) };
  });

/** A custom tool is shown as a function of one text. */
function toParameters(tool: Tool): unknown {
  if (tool.type === 'function') return tool.function.parameters ?? { type: 'object', properties: {} };
  const pattern = patternOf(tool.custom);
  return { type: 'object', properties: { input: { type: 'string', ...(pattern !== undefined && { pattern }) } }, required: ['input'] };
}

/** What the input of a custom tool matches; undefined if it is any text. */
const patternOf = ({ format }: CustomTool): string | undefined => (format?.type === 'grammar' ? format.grammar.definition : undefined);

/**
 * What an answer may be that may call tools.
 * @param text what the request says of answers that are no calls
 * @throws GptEdgeError `invalid_value` for a strict function whose schema cannot be enforced, and for a custom tool whose
 *   format cannot
 */
export function toCallConstraint(
  request: ToolRequest,
  syntax: CallSyntax,
  text: TokenConstraint | undefined,
  constraints: VocabularyConstraints,
): TokenConstraint {
  const effort = new Effort();
  const functions = callableTools(request).map((tool) => {
    const place = `tools[${request.tools!.indexOf(tool)}]`;
    const values =
      tool.type === 'custom'
        ? toInput(tool.custom, `${place}.custom.format.grammar.definition`, constraints, effort)
        : toArguments(tool.function, `${place}.function.parameters`, constraints, effort);
    return { name: nameOf(tool), arguments: values };
  });
  return constraints.calls(syntax, functions, isSingle(request), isForced(request) ? 'none' : (text ?? 'any'));
}

/** Whether a request wants calls and nothing else. */
function isForced({ tool_choice: choice }: ToolRequest): boolean {
  if (choice == null || typeof choice === 'string') return choice === 'required';
  return choice.type !== 'allowed_tools' || choice.allowed_tools.mode === 'required';
}

/**
 * Whether an answer has one call at most: unless the request asks for several, since small models that have made a call
 * like to make it again and again. A tool that is named is called once.
 */
const isSingle = ({ parallel_tool_calls, tool_choice }: ToolRequest): boolean =>
  parallel_tool_calls !== true || (typeof tool_choice === 'object' && tool_choice !== null && tool_choice.type !== 'allowed_tools');

const NO_PROPERTIES = { type: 'object', properties: {}, additionalProperties: false };

/**
 * What the arguments of a function may be. Of a schema that is not strict, what cannot be enforced is left out: first
 * single keywords, and then all but that it is an object.
 */
function toArguments(
  { parameters, strict }: FunctionTool,
  param: string,
  constraints: VocabularyConstraints,
  effort: Effort,
): TokenConstraint {
  const schema = parameters == null ? NO_PROPERTIES : { ...parameters, type: 'object' };
  const compile = (schema: unknown) => constraints.jsonSchema(schema, { isOrdered: strict ?? false, isClosed: true, effort });
  try {
    return compile(schema);
  } catch (error) {
    if (!(error instanceof GptEdgeError)) throw error;
    if (!strict) return attempt(() => compile(enforceablePart(schema))) ?? constraints.jsonSchema({ type: 'object' });
    throw notEnforced(error, param);
  }
}

function toInput(tool: CustomTool, param: string, constraints: VocabularyConstraints, effort: Effort): TokenConstraint {
  try {
    return constraints.input(patternOf(tool), effort);
  } catch (error) {
    throw error instanceof GptEdgeError ? notEnforced(error, param) : error;
  }
}

const notEnforced = (error: GptEdgeError, param: string): GptEdgeError =>
  new GptEdgeError(error.code, `Invalid ${param}: ${error.message}`, { param, cause: error });

/** undefined if the schema cannot be enforced. */
function attempt(compile: () => TokenConstraint): TokenConstraint | undefined {
  try {
    return compile();
  } catch (error) {
    if (error instanceof GptEdgeError) return undefined;
    throw error;
  }
}
