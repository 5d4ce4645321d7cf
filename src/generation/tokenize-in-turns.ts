import type { ChatMessage, ChatTemplate, TemplateOptions } from '../tokenizer/chat-template.ts';
import type { Steps } from '../tokenizer/pace.ts';
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
  options?: TemplateOptions,
): Promise<number[]> {
  return stepsInTurns(template.encodeSteps(messages, tokenizer, options), budget);
}

/** Encodes what a chat template has written around messages, part by part. */
export function encodeOriginInTurns({ value, written }: OriginText, tokenizer: TextTokenizer, budget: WorkBudget): Promise<number[]> {
  const steps = tokenizer.encodeSteps(value, { addSpecialTokens: false, parseSpecialTokens: written });
  return stepsInTurns(steps, budget);
}

/** Renders a conversation around a mark as the chat template does, part by part. */
export function splitChatInTurns(messages: readonly ChatMessage[], mark: string, template: ChatTemplate, budget: WorkBudget) {
  return stepsInTurns(template.splitSteps(messages, mark), budget);
}

/** Takes the steps of a computation on text, with turns for others between them. */
export const stepsInTurns = <T>(steps: Steps<T>, budget: WorkBudget): Promise<T> => inTurns(steps, CHARACTERS_PER_TURN, budget);

/** The text of the tokens, with special ones spelled out, part by part. */
export function decodeInTurns(ids: readonly number[], tokenizer: TextTokenizer, budget: WorkBudget): Promise<string> {
  return inTurns(tokenizer.decodeSteps(ids, { skipSpecialTokens: false }), TOKENS_PER_TURN, budget);
}

/** The text of each token by itself. */
export function labelsInTurns(ids: readonly number[], tokenizer: TextTokenizer, budget: WorkBudget): Promise<string[]> {
  return inTurns(labelParts(ids, tokenizer), TOKENS_PER_TURN, budget);
}

/** Each token's text is made once, because long texts repeat their tokens. */
function* labelParts(ids: readonly number[], tokenizer: TextTokenizer): Generator<number, string[]> {
  const labels = new Map<number, string>();
  const texts: string[] = [];
  let work = 0;
  for (const id of ids) {
    const known = labels.get(id);
    const label = known ?? tokenizer.label(id);
    if (known === undefined) labels.set(id, label);
    texts.push(label);
    work += known === undefined ? 1 : WORK_OF_A_REPEATED_LABEL;
    if (work < LABELS_OF_A_PART) continue;
    yield work;
    work = 0;
  }
  yield work;
  return texts;
}

/** Labels that are a part of a turn worth counting. */
const LABELS_OF_A_PART = 1000;
/** What a label costs that was made before, against making one. */
const WORK_OF_A_REPEATED_LABEL = 1 / 16;

/** @param parts yields the size of each part, before or after it is done */
async function inTurns<T>(parts: Generator<number, T>, sizePerTurn: number, budget: WorkBudget): Promise<T> {
  for (;;) {
    const { done, value } = parts.next();
    if (done) return value;
    await budget.spendTurns(value / sizePerTurn);
  }
}
