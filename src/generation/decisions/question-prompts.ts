import type { ChatMessage } from '../../tokenizer/chat-template.ts';
import { concatenate, type OriginText } from '../../tokenizer/template/written-ranges.ts';
import type { LanguageModel } from '../language-model.ts';
import { encodeInTurns, encodeOriginInTurns, splitChatInTurns } from '../tokenize-in-turns.ts';
import type { WorkBudget } from '../work-budget.ts';
import type { Question } from './decide.ts';

/** What questions are asked about. */
export interface Material {
  /** What the model is told before; '' for nothing. */
  readonly system: string;
  readonly text: string;
}

/** One of several answers. */
export interface AnswerOption {
  readonly text: string;
  readonly description?: string;
}

/** Whether a statement is true; or which option fits. */
export type AskedQuestion = { readonly statement: string } | { readonly question: string; readonly options: readonly AnswerOption[] };

/** The answers to a statement; the first one says that it is true. */
const TRUTHS: readonly AnswerOption[] = [{ text: 'true' }, { text: 'false' }];

/**
 * What stands for the input where the answers' prior is asked for.
 * Source: Zhao et al., Calibrate Before Use, 2021, arXiv:2102.09690, who found it to do about as well as others.
 */
const NO_TEXT = 'N/A';

/** A character for private use, which no text of a language has. */
const MARK = '\uE000';

/**
 * Turns questions about one material into tokens: "Text: …" and "Question: …", and an answer that is begun, so that only its
 * last words are left. A chat model reads the first two as a message of the user's, and the last as its own answer's
 * beginning; another model reads all as one text. Small models answer this way much more often right than if they
 * begin the answer themselves, or if the options are listed (bench/jobs).
 * @param calibrates whether the answers' prior is wanted, too
 * @throws GptEdgeError `chat_template_error`
 */
export async function questionPrompts(
  model: LanguageModel,
  material: Material,
  asked: readonly AskedQuestion[],
  { calibrates, budget }: { calibrates: boolean; budget: WorkBudget },
): Promise<Question[]> {
  const frame = await frameOf(model, material, budget);
  const priorFrame = calibrates ? await frameOf(model, { ...material, text: NO_TEXT }, budget) : undefined;
  const questions: Question[] = [];
  for (const one of asked) {
    const { text, lead, options } = wording(one);
    const parts = [plain(text), frame.after, plain(lead)];
    const tail = await encodeOriginInTurns(concatenate(parts), model.tokenizer, budget);
    const answers: number[][] = [];
    for (const option of options) answers.push(await answerTokens(model, lead, option.text, budget));
    questions.push({ prompt: [...frame.before, ...tail], prior: priorFrame && [...priorFrame.before, ...tail], answers });
  }
  return questions;
}

/** What comes before each question, in tokens, and after it. */
interface Frame {
  readonly before: readonly number[];
  readonly after: OriginText;
}

async function frameOf({ chatTemplate, tokenizer }: LanguageModel, { system, text }: Material, budget: WorkBudget): Promise<Frame> {
  const head = `Text: ${text}\n`;
  if (chatTemplate === null) {
    const before = await encodeInTurns(system === '' ? head : `${system}\n\n${head}`, tokenizer, budget);
    return { before, after: plain('\n') };
  }
  let mark = MARK;
  while (head.includes(mark) || system.includes(mark)) mark += MARK;
  const messages: ChatMessage[] = [
    ...(system === '' ? [] : [{ role: 'system' as const, content: system }]),
    { role: 'user', content: `${head}${mark}` },
  ];
  const { before, after } = await splitChatInTurns(messages, mark, chatTemplate, budget);
  return { before: await encodeOriginInTurns(before, tokenizer, budget), after };
}

/** The text of a question, the beginning of its answer, and what the answer may be. */
function wording(asked: AskedQuestion): { text: string; lead: string; options: readonly AnswerOption[] } {
  if ('statement' in asked)
    return { text: `Statement: ${asked.statement}\nIs the statement true or false?`, lead: 'The statement is', options: TRUTHS };
  const { question, options } = asked;
  const described = options.some(({ description }) => description);
  const list = options.map(({ text, description }) => `\n- ${description ? `${text}: ${description}` : text}`).join('');
  const text = `Question: ${question || 'Which answer fits the text?'}${described ? `\nChoices:${list}` : ''}`;
  return { text, lead: 'The answer is:', options };
}

/** The tokens of an answer as they follow its beginning: a tokenizer may treat the beginning of a text in its own way. */
async function answerTokens({ tokenizer }: LanguageModel, lead: string, answer: string, budget: WorkBudget): Promise<number[]> {
  const options = { addSpecialTokens: false };
  const before = await encodeInTurns(lead, tokenizer, budget, options);
  const whole = await encodeInTurns(`${lead} ${answer}`, tokenizer, budget, options);
  const isApart = before.every((id, index) => whole[index] === id) && whole.length > before.length;
  return isApart ? whole.slice(before.length) : encodeInTurns(` ${answer}`, tokenizer, budget, options);
}

const plain = (value: string): OriginText => ({ value, written: [] });
