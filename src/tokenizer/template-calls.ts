import type { CallSyntax, Spelled } from '../core/call-syntax.ts';
import { GptEdgeError } from '../core/errors.ts';
import type { ChatMessage, ChatTemplate, ToolCall } from './chat-template.ts';
import type { Steps } from './pace.ts';
import type { TextTokenizer } from './text-tokenizer.ts';

/** How a template writes calls, and what it wants of the messages that have some. */
export interface TemplateCalls {
  readonly syntax: CallSyntax;
  /** Whether it wants the arguments of earlier calls as text, and not as an object. */
  readonly takesText: boolean;
  /** Whether it refuses ids of calls that do not have nine letters and digits, as Mistral's templates do. */
  readonly hasShortIds: boolean;
}

// What the probe's conversations say. Nothing of it occurs in a template.
const TEXT = 'Probed text.';
const TOOL = 'probed_tool';
const NAMES = ['first_probed_call', 'second_probed_call'] as const;
const IDS = ['probeid01', 'probeid02'] as const;
const LONG_IDS = ['call_probe_id_01', 'call_probe_id_02'] as const;
const ARGUMENTS = { probed: 1 };
const WRITTEN_ARGUMENTS = /\{\s*"probed"\s*:\s*1\s*\}/g;
/** Some templates write the ids of earlier calls beside them. Models need not write them. */
const WRITTEN_ID = /,\s*"id"\s*:\s*"probeid0[12]"/g;

/**
 * Finds out how a model writes calls of functions: as its chat template writes those of earlier messages. The template
 * renders a conversation with calls whose names and arguments are known, and what stands around them is the syntax.
 * @returns null if the template does not show the model its functions, or writes calls otherwise than with a name and,
 *   after it, a JSON object
 */
export function* templateCalls(
  template: ChatTemplate,
  tokenizer: TextTokenizer,
  eosTokenIds: readonly number[],
): Steps<TemplateCalls | null> {
  const plain = yield* rendered(template, [{ role: 'assistant', content: TEXT }]);
  const begin = plain?.indexOf(TEXT) ?? -1;
  if (plain === undefined || begin < 0 || !plain.includes(TOOL)) return null;
  for (const takesText of [false, true])
    for (const count of [2, 1]) {
      const text = yield* rendered(template, conversation(count, takesText, IDS));
      const start = plain.slice(0, begin).trimEnd();
      const syntax = text?.startsWith(start) ? readSyntax(text.slice(start.length), count, tokenizer, eosTokenIds) : null;
      if (!syntax) continue;
      const hasShortIds = (yield* rendered(template, conversation(count, takesText, LONG_IDS))) === undefined;
      return { syntax, takesText, hasShortIds };
    }
  return null;
}

/** Calls, their results, and an answer. */
function conversation(count: number, takesText: boolean, ids: readonly string[]): ChatMessage[] {
  const values = takesText ? JSON.stringify(ARGUMENTS) : ARGUMENTS;
  const toolCalls = NAMES.slice(0, count).map((name, index): ToolCall => ({ id: ids[index], name, arguments: values }));
  const results = toolCalls.map(({ id, name }): ChatMessage => ({ role: 'tool', content: '1', toolCallId: id, name }));
  return [{ role: 'assistant', content: '', toolCalls }, ...results, { role: 'assistant', content: TEXT }];
}

/** The text of a conversation with those answers in it; undefined if the template refuses it. */
function* rendered(template: ChatTemplate, answers: readonly ChatMessage[]): Steps<string | undefined> {
  const question: ChatMessage = { role: 'user', content: 'Question?' };
  const tools = [{ name: TOOL, description: 'A tool.', parameters: { type: 'object', properties: {} } }];
  try {
    return yield* template.renderSteps([question, ...answers, question], { tools, addGenerationPrompt: false });
  } catch (error) {
    if (error instanceof GptEdgeError) return undefined;
    throw error;
  }
}

/** @param text from where the assistant's message begins */
function readSyntax(text: string, count: number, tokenizer: TextTokenizer, eosTokenIds: readonly number[]): CallSyntax | null {
  const written = text.replace(WRITTEN_ID, '');
  const values = [...written.matchAll(WRITTEN_ARGUMENTS)].slice(0, count);
  const names = NAMES.slice(0, count).map((name) => written.indexOf(name));
  const isInOrder = values.length === count && names.every((place, index) => place >= 0 && place < values[index].index);
  if (!isInOrder) return null;
  const ends = values.map((value) => value.index + value[0].length);
  const spelled = (from: number, to?: number): Spelled => tokenizer.splitSpecial(written.slice(from, to));
  const middle = (index: number) => written.slice(names[index] + NAMES[index].length, values[index].index);
  const closing = beforeEnd(spelled(ends[count - 1]), eosTokenIds);
  if (!closing || IDS.some((id) => written.slice(0, ends[count - 1]).includes(id))) return null;
  if (count === 2 && middle(0) !== middle(1)) return null;
  return {
    ...splitMarker(tokenizer.splitSpecial(written.slice(0, names[0]).trimStart())),
    middle: tokenizer.splitSpecial(middle(0)),
    separator: count === 2 ? spelled(ends[0], names[1]) : null,
    closing,
  };
}

/** What stands before the token that ends the message: an EOS token, or else the first special one. */
function beforeEnd(rest: Spelled, eosTokenIds: readonly number[]): Spelled | null {
  const eos = rest.findIndex((part) => typeof part === 'number' && eosTokenIds.includes(part));
  const end = eos >= 0 ? eos : rest.findIndex((part) => typeof part === 'number');
  if (end < 0) return null;
  const last = rest[end - 1];
  // Models do not write the white space that a template puts before it.
  return typeof last === 'string' ? [...rest.slice(0, end - 1), last.trimEnd()] : rest.slice(0, end);
}

/** A tag such as `<tool_call>` or `[TOOL_CALLS]`, or whatever else stands before the first brace or bracket. */
const MARKER = /^(<[^<>\s]+>|\[[A-Z_]+\]|[^\s{[][^{[]*[^\s{[])/;

function splitMarker(opening: Spelled): Pick<CallSyntax, 'marker' | 'opening'> {
  const [first, ...rest] = opening;
  if (typeof first === 'number') return { marker: [first], opening: rest };
  const [marker] = MARKER.exec(first ?? '') ?? [];
  if (marker === undefined) return { marker: null, opening };
  return { marker: [marker], opening: [first.slice(marker.length), ...rest].filter((part) => part !== '') };
}
