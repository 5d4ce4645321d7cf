import { GptEdgeError } from '../../core/errors.ts';
import type { Question } from '../../generation/decisions/decide.ts';
import { type AskedQuestion, type Material, questionPrompts } from '../../generation/decisions/question-prompts.ts';
import type { LanguageModel } from '../../generation/language-model.ts';
import type { WorkBudget } from '../../generation/work-budget.ts';
import type { DecisionWireRequest, WireItem, WireQuestion } from './schemas/decision-schema.ts';
import { checkTextLength } from './to-prompt-tokens.ts';

/** What OpenAI allows of a part of JSON. */
const MAX_JSON_LEVELS = 32;
const MAX_JSON_VALUES = 10_000;
const MAX_JSON_BYTES = 2 ** 18;

/** How a conversation is written as a text. */
const SPEAKERS = { user: 'User', assistant: 'Assistant', system: 'System', developer: 'System' } as const;

/**
 * Turns a decisions request into its questions, in tokens.
 * @throws GptEdgeError `invalid_value`, `context_length_exceeded` for a text that is far too long, `chat_template_error`
 */
export async function toQuestions(body: DecisionWireRequest, model: LanguageModel, budget: WorkBudget): Promise<Question[]> {
  const material = toMaterial(body.input);
  checkTextLength(material.text.length + material.system.length, model, 'input');
  const asked = body.questions.map(toAsked);
  return questionPrompts(model, material, asked, { calibrates: body.gpt_edge?.calibrate ?? false, budget });
}

/**
 * System messages that come first are what the model is told. A single message of the user's after them is the text;
 * anything else is a conversation, which is written down with the names of those who speak.
 */
function toMaterial(input: DecisionWireRequest['input']): Material {
  if (typeof input === 'string') return { system: '', text: input };
  checkCalls(input);
  const firstOther = input.findIndex((item) => !isSystem(item));
  const [told, rest] = firstOther < 0 ? [[], input] : [input.slice(0, firstOther), input.slice(firstOther)];
  const isText = rest.length === 1 && 'role' in rest[0] && rest[0].role === 'user';
  return {
    system: told.map(textOf).join('\n'),
    text: isText ? textOf(rest[0]) : rest.map((item) => `${speakerOf(item, rest)}: ${textOf(item)}`).join('\n'),
  };
}

const isSystem = (item: WireItem): boolean => 'role' in item && (item.role === 'system' || item.role === 'developer');

/** @throws GptEdgeError `invalid_value` for a tool's output without the call that it belongs to */
function checkCalls(items: readonly WireItem[]): void {
  const calls = new Set<string>();
  for (const [index, item] of items.entries()) {
    if (!('call_id' in item)) continue;
    if (!('output' in item)) calls.add(`${item.type}_output ${item.call_id}`);
    else if (!calls.has(`${item.type} ${item.call_id}`)) {
      const param = `input[${index}].call_id`;
      throw new GptEdgeError('invalid_value', `Invalid ${param}: no call before has this id.`, { param });
    }
  }
}

function speakerOf(item: WireItem, items: readonly WireItem[]): string {
  if ('role' in item) return SPEAKERS[item.role];
  if ('name' in item) return `Assistant calls ${item.name}`;
  const call = items.find((other) => 'name' in other && other.call_id === item.call_id);
  return `${(call as { name: string }).name} returns`;
}

function textOf(item: WireItem): string {
  if ('role' in item) return contentText(item.content);
  if ('output' in item) return contentText(item.output);
  return 'arguments' in item ? item.arguments : item.input;
}

type Content = WireQuestion['instructions'] | Extract<WireItem, { role: string }>['content'];
type Part = Exclude<Content, string>[number];

const contentText = (content: Content): string => (typeof content === 'string' ? content : (content as Part[]).map(partText).join('\n'));

function partText(part: Part): string {
  if ('data' in part) return jsonText(part.data as object);
  return 'refusal' in part ? (part.refusal as string) : (part.text as string);
}

/** @throws GptEdgeError `invalid_value` for JSON beyond what OpenAI allows */
function jsonText(data: object): string {
  let [count, level] = [0, [data as unknown]];
  for (let depth = 0; level.length > 0; depth++) {
    count += level.length;
    if (depth > MAX_JSON_LEVELS || count > MAX_JSON_VALUES) throw tooMuchJson();
    level = level.flatMap((value) => (typeof value === 'object' && value !== null ? Object.values(value) : []));
  }
  const text = JSON.stringify(data);
  if (new TextEncoder().encode(text).length > MAX_JSON_BYTES) throw tooMuchJson();
  return text;
}

const tooMuchJson = () =>
  new GptEdgeError(
    'invalid_value',
    `A part of the type input_json has at most ${MAX_JSON_LEVELS} levels, ${MAX_JSON_VALUES} values and ${MAX_JSON_BYTES} bytes.`,
  );

function toAsked(question: WireQuestion): AskedQuestion {
  const text = contentText(question.instructions);
  if (question.type === 'predicate') return { statement: text };
  const options =
    question.type === 'choice'
      ? question.choices.map(({ value, description }) => ({ text: String(value), description: description ?? undefined }))
      : question.levels.map(({ label, description }) => ({ text: label, description: description ?? undefined }));
  return { question: text, options };
}
