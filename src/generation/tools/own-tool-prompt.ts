import type { CallSyntax } from '../../core/call-syntax.ts';
import type { ChatMessage, ToolCall, ToolDefinition } from '../../tokenizer/chat-template.ts';

// How functions are shown to a model whose chat template knows none, in words that models of the Hermes and Qwen families
// have learned. docs/tools.md repeats the prompt for readers.

const BEGIN = '<tool_call>';
const END = '</tool_call>';

/** How such a model is told to write calls. */
export const OWN_SYNTAX: CallSyntax = {
  marker: [BEGIN],
  opening: ['\n{"name": "'],
  middle: ['", "arguments": '],
  separator: [`}\n${END}\n${BEGIN}\n{"name": "`],
  closing: [`}\n${END}`],
};

const instructions = (tools: readonly ToolDefinition[]): string => `# Tools

You may call these functions:
<tools>
${tools.map((tool) => JSON.stringify(tool)).join('\n')}
</tools>

To call a function, answer with its name and its arguments in this form:
${BEGIN}
{"name": <name of the function>, "arguments": <JSON object of the arguments>}
${END}`;

/**
 * Puts functions, calls and their results into messages that any chat template knows: the functions into the system
 * message, calls into the assistant's, and results into the user's.
 */
export function withOwnPrompt(messages: readonly ChatMessage[], tools: readonly ToolDefinition[]): ChatMessage[] {
  const plain = joinUserTurns(messages.map(withoutTools));
  if (tools.length === 0) return plain;
  const [first, ...rest] = plain;
  if (first?.role !== 'system') return [{ role: 'system', content: instructions(tools) }, ...plain];
  return [{ role: 'system', content: `${first.content}\n\n${instructions(tools)}` }, ...rest];
}

interface PlainMessage extends ChatMessage {
  isResult?: boolean;
}

function withoutTools({ role, content, reasoning, toolCalls }: ChatMessage): PlainMessage {
  if (role === 'tool') return { role: 'user', content: `<tool_response>\n${content}\n</tool_response>`, isResult: true };
  const written = [...(content === '' ? [] : [content]), ...(toolCalls ?? []).map(writtenCall)].join('\n');
  return { role, content: written, ...(reasoning !== undefined && { reasoning }) };
}

const writtenCall = ({ name, arguments: values }: ToolCall): string =>
  `${BEGIN}\n{"name": ${JSON.stringify(name)}, "arguments": ${typeof values === 'string' ? values : JSON.stringify(values)}}\n${END}`;

/** Results are one message with each other, and with what the user says after them, since turns alternate. */
function joinUserTurns(messages: readonly PlainMessage[]): ChatMessage[] {
  const joined: PlainMessage[] = [];
  for (const message of messages) {
    const last = joined.at(-1);
    if (last?.isResult && message.role === 'user') last.content += `\n${message.content}`;
    else joined.push({ ...message });
  }
  return joined.map(({ isResult: _, ...message }) => message);
}
