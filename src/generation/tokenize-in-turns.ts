import type { ChatMessage, ChatTemplate } from '../tokenizer/chat-template.ts';
import type { OriginText } from '../tokenizer/template/written-ranges.ts';
import type { EncodeOptions, TextTokenizer } from '../tokenizer/text-tokenizer.ts';
import type { WorkBudget } from './work-budget.ts';

/** Characters that a tokenizer encodes in a turn. */
const CHARACTERS_PER_TURN = 60_000;
/** Tokens whose text a tokenizer makes in a turn. */
const TOKENS_PER_TURN = 15_000;

/** Encodes as the tokenizer does, part by part, so that a long text does not hold the isolate. */
export function encodeInTurns(
  text: string,
  tokenizer: TextTokenizer,
  budget: WorkBudget,
  options?: Pick<EncodeOptions, 'addSpecialTokens'>,
): Promise<number[]> {
  return inTurns(tokenizer.encodeSteps(text, options), CHARACTERS_PER_TURN, budget);
}

/** Renders and encodes a conversation as the chat template does, part by part. */
export function encodeChatInTurns(
  messages: readonly ChatMessage[],
  template: ChatTemplate,
  tokenizer: TextTokenizer,
  budget: WorkBudget,
): Promise<number[]> {
  return inTurns(template.encodeSteps(messages, tokenizer), CHARACTERS_PER_TURN, budget);
}

/** Encodes what a chat template has written around messages, part by part. */
export function encodeOriginInTurns({ value, written }: OriginText, tokenizer: TextTokenizer, budget: WorkBudget): Promise<number[]> {
  const steps = tokenizer.encodeSteps(value, { addSpecialTokens: false, parseSpecialTokens: written });
  return inTurns(steps, CHARACTERS_PER_TURN, budget);
}

/** Renders a conversation around a mark as the chat template does, part by part. */
export function splitChatInTurns(messages: readonly ChatMessage[], mark: string, template: ChatTemplate, budget: WorkBudget) {
  return inTurns(template.splitSteps(messages, mark), CHARACTERS_PER_TURN, budget);
}

/** The text of the tokens, with special ones spelled out, part by part. */
export function decodeInTurns(ids: readonly number[], tokenizer: TextTokenizer, budget: WorkBudget): Promise<string> {
  return inTurns(tokenizer.decodeSteps(ids, { skipSpecialTokens: false }), TOKENS_PER_TURN, budget);
}

/** The text of each token by itself. */
export function labelsInTurns(ids: readonly number[], tokenizer: TextTokenizer, budget: WorkBudget): Promise<string[]> {
  return inTurns(labelParts(ids, tokenizer), TOKENS_PER_TURN, budget);
}

function* labelParts(ids: readonly number[], tokenizer: TextTokenizer): Generator<number, string[]> {
  const texts: string[] = [];
  for (const id of ids) {
    if (texts.length % LABELS_OF_A_PART === 0) yield LABELS_OF_A_PART;
    texts.push(tokenizer.label(id));
  }
  return texts;
}

/** A part of a turn that is worth counting. */
const LABELS_OF_A_PART = 1000;

/** @param parts yields the size of each part, before or after it is done */
async function inTurns<T>(parts: Generator<number, T>, sizePerTurn: number, budget: WorkBudget): Promise<T> {
  for (;;) {
    const { done, value } = parts.next();
    if (done) return value;
    await budget.spendTurns(value / sizePerTurn);
  }
}
