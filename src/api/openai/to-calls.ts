import { Effort } from '../../constrain/effort.ts';
import { enforceablePart } from '../../constrain/enforceable-part.ts';
import type { VocabularyConstraints } from '../../constrain/vocabulary-constraints.ts';
import type { CallSyntax } from '../../core/call-syntax.ts';
import { GptEdgeError } from '../../core/errors.ts';
import type { TokenConstraint } from '../../core/token-constraint.ts';
import type { ToolDefinition } from '../../tokenizer/chat-template.ts';
import { namesChosen, type ToolRequest } from './schemas/tool-schema.ts';

/** The calls that an answer may have, and how it writes them. */
export interface AnswerCalls {
  readonly syntax: CallSyntax;
  /** The names of the functions. */
  readonly names: readonly string[];
  /** Whether the answer has nothing but calls. */
  readonly isForced: boolean;
}

type Tool = NonNullable<ToolRequest['tools']>[number]['function'];

/** The functions that a request lets the model call: none with `tool_choice: "none"`. */
export function callableTools({ tools, tool_choice }: ToolRequest): Tool[] {
  if (tool_choice === 'none') return [];
  const chosen = tool_choice == null ? [] : namesChosen(tool_choice);
  const all = (tools ?? []).map((tool) => tool.function);
  return chosen.length > 0 ? all.filter(({ name }) => chosen.includes(name)) : all;
}

/** The functions as a chat template knows them. */
export const toDefinitions = (tools: readonly Tool[]): ToolDefinition[] =>
  tools.map(({ name, description, parameters }) => ({
    name,
    ...(description != null && { description }),
    parameters: parameters ?? { type: 'object', properties: {} },
  }));

/**
 * What an answer may be that may call functions.
 * @param text what the request says of answers that are no calls
 * @throws GptEdgeError `invalid_value` for a strict function whose schema cannot be enforced
 */
export function toCallConstraint(
  request: ToolRequest,
  syntax: CallSyntax,
  text: TokenConstraint | undefined,
  constraints: VocabularyConstraints,
): TokenConstraint {
  const effort = new Effort();
  const functions = callableTools(request).map((tool) => ({
    name: tool.name,
    arguments: toArguments(
      tool,
      (request.tools ?? []).findIndex((one) => one.function === tool),
      constraints,
      effort,
    ),
  }));
  return constraints.calls(syntax, functions, isSingle(request), isForced(request) ? 'none' : (text ?? 'any'));
}

/** Whether a request wants calls and nothing else. */
export function isForced({ tool_choice: choice }: ToolRequest): boolean {
  if (choice == null || typeof choice === 'string') return choice === 'required';
  return choice.type === 'function' || choice.allowed_tools.mode === 'required';
}

/**
 * Whether an answer has one call at most: unless the request asks for several, since small models that have made a call
 * like to make it again and again. A function that is named is called once.
 */
const isSingle = ({ parallel_tool_calls, tool_choice }: ToolRequest): boolean =>
  parallel_tool_calls !== true || (typeof tool_choice === 'object' && tool_choice?.type === 'function');

const NO_PROPERTIES = { type: 'object', properties: {}, additionalProperties: false };

/**
 * What the arguments of a function may be. Of a schema that is not strict, what cannot be enforced is left out: first
 * single keywords, and then all but that it is an object.
 */
function toArguments({ parameters, strict }: Tool, index: number, constraints: VocabularyConstraints, effort: Effort): TokenConstraint {
  const schema = parameters == null ? NO_PROPERTIES : { ...parameters, type: 'object' };
  const compile = (schema: unknown) => constraints.jsonSchema(schema, { isOrdered: strict ?? false, isClosed: true, effort });
  try {
    return compile(schema);
  } catch (error) {
    if (!(error instanceof GptEdgeError)) throw error;
    if (!strict) return attempt(() => compile(enforceablePart(schema))) ?? constraints.jsonSchema({ type: 'object' });
    const param = `tools[${index}].function.parameters`;
    throw new GptEdgeError(error.code, `Invalid ${param}: ${error.message}`, { param, cause: error });
  }
}

/** undefined if the schema cannot be enforced. */
function attempt(compile: () => TokenConstraint): TokenConstraint | undefined {
  try {
    return compile();
  } catch (error) {
    if (error instanceof GptEdgeError) return undefined;
    throw error;
  }
}
