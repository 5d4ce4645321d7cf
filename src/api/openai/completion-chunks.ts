import type { CompletionRequest } from '../../generation/completion-request.ts';
import type { LanguageModel } from '../../generation/language-model.ts';
import type { PromptScore, TokenLogprob } from '../../generation/sampling/log-probabilities.ts';
import type { PlacedToken } from '../../generation/text/text-pieces.ts';
import type { WorkBudget } from '../../generation/work-budget.ts';
import { IncrementalDetokenizer } from '../../tokenizer/incremental-detokenizer.ts';
import type { TextTokenizer } from '../../tokenizer/text-tokenizer.ts';
import type { RecordedCompletion } from '../request-log/complete-recorded.ts';
import { answerHead, type ChoiceEvent, choiceChunks } from './choice-chunks.ts';
import type { Completion, CompletionChoice, CompletionWireRequest, LegacyLogprobs, PromptLogprobs } from './schemas/completion-schema.ts';
import { promptList } from './to-completion-request.ts';

/**
 * A token, the place where its text begins, and its log-probability. Only the first token of a text has no
 * log-probability, because nothing comes before it.
 */
type ReportedToken = Pick<PlacedToken, 'id' | 'offset' | 'logprob' | 'top'>;

/** The chunks of a completion. With `echo`, the first chunk of each choice is the prompt. */
export function completionChunks(
  body: CompletionWireRequest,
  model: LanguageModel,
  requests: readonly CompletionRequest[],
  completion: RecordedCompletion,
  budget: WorkBudget,
): AsyncGenerator<Completion> {
  const echoes = body.echo ? promptList(body).map((prompt, index) => promptText(prompt, requests[index], model)) : undefined;

  const report = (tokens: readonly ReportedToken[]) => ({
    logprobs: body.logprobs == null ? null : toLegacyLogprobs(tokens, model.tokenizer),
    ...(body.return_token_ids ? { token_ids: tokens.map(({ id }) => id) } : {}),
  });

  const reportPrompt = (prompt: readonly number[], scores: ChoiceEvent['promptScores']) => ({
    ...(body.return_token_ids ? { prompt_token_ids: [...prompt] } : {}),
    ...(body.prompt_logprobs == null ? {} : { prompt_logprobs: toPromptLogprobs(cutTo(body.prompt_logprobs, scores), model.tokenizer) }),
  });

  function toParts({ index, isFirst, requestIndex, text, tokens, finishReason, promptScores }: ChoiceEvent): CompletionChoice[] {
    const { prompt } = requests[requestIndex];
    const ofPrompt = isFirst ? reportPrompt(prompt, promptScores) : {};
    const finish_reason = finishReason ?? null;
    const echo = echoes?.[requestIndex];
    if (echo === undefined) return [{ index, text, ...report(tokens), ...ofPrompt, finish_reason }];
    const placed = tokens.map((token) => ({ ...token, offset: token.offset + echo.length }));
    const piece = { index, text, ...report(placed), finish_reason };
    if (!isFirst) return [piece];
    const placedPrompt = placePrompt(prompt, cutTo(body.logprobs, promptScores), model.tokenizer);
    return [{ index, text: echo, ...report(placedPrompt), ...ofPrompt, finish_reason: null }, piece];
  }

  const head = answerHead('cmpl-', 'text_completion', model, completion);
  return choiceChunks({ model, requests, completion, body, head, toParts }, budget);
}

/**
 * The text that `echo` repeats. It is empty for a prompt that was left out, although the model then reads a start
 * token.
 */
const promptText = (prompt: string | number[] | null, { prompt: tokens }: CompletionRequest, { tokenizer }: LanguageModel): string =>
  typeof prompt === 'string' ? prompt : tokenizer.decode(tokens);

/** The tokens of a prompt, placed in its text and scored. */
function placePrompt(tokens: readonly number[], scores: readonly (PromptScore | null)[], tokenizer: TextTokenizer): ReportedToken[] {
  const detokenizer = new IncrementalDetokenizer(tokenizer);
  let length = 0;
  return tokens.map((id, index) => {
    const offset = length;
    length += detokenizer.push(id).length;
    return { id, offset, ...scores[index] };
  });
}

/** The scores with no more alternatives than these: the prompt is scored once for all who report it. */
const cutTo = (alternatives: number | null | undefined, scores: ChoiceEvent['promptScores']) =>
  scores.map((score) => score && { ...score, top: score.top.slice(0, alternatives ?? 0) });

/** The scores of a prompt in the form of vLLM's API. */
const toPromptLogprobs = (scores: ChoiceEvent['promptScores'], tokenizer: TextTokenizer): PromptLogprobs =>
  scores.map((score) => {
    if (score === null) return null;
    const entry = ({ id, logprob }: TokenLogprob, rank: number) => [id, { logprob, rank, decoded_token: tokenizer.label(id) }] as const;
    return Object.fromEntries([...score.top.map((other, index) => entry(other, index + 1)), entry(score, score.rank)]);
  });

/** Log-probabilities in the form of OpenAI's completions API. */
function toLegacyLogprobs(tokens: readonly ReportedToken[], tokenizer: TextTokenizer): LegacyLogprobs {
  return {
    tokens: tokens.map(({ id }) => tokenizer.label(id)),
    token_logprobs: tokens.map(({ logprob }) => logprob ?? null),
    top_logprobs: tokens.map((token) => topLogprobs(token, tokenizer)),
    text_offset: tokens.map(({ offset }) => offset),
  };
}

/**
 * The log-probabilities of the alternatives and of the token itself, by their text. If two tokens have the same text,
 * the more probable one is reported.
 */
function topLogprobs({ id, logprob, top = [] }: ReportedToken, tokenizer: TextTokenizer): Record<string, number> | null {
  if (logprob === undefined) return null;
  const all = new Map<string, number>();
  for (const scored of [...top, { id, logprob }]) {
    const label = tokenizer.label(scored.id);
    if (!(all.get(label)! >= scored.logprob)) all.set(label, scored.logprob);
  }
  return Object.fromEntries(all);
}

/** The whole answer that the chunks add up to. @param head what it begins with if there is no chunk yet */
export async function joinCompletion(chunks: AsyncIterable<Completion>, head?: object): Promise<Completion> {
  const choices: CompletionChoice[] = [];
  let last: Completion | undefined;
  let stopped: Pick<Completion, 'gpt_edge'> = {};
  for await (const chunk of chunks) {
    for (const part of chunk.choices) choices[part.index] = append(choices[part.index], part);
    if (chunk.gpt_edge) stopped = { gpt_edge: chunk.gpt_edge };
    last = chunk;
  }
  return { ...(last ?? (head as Completion)), choices, ...stopped };
}

function append(before: CompletionChoice | undefined, part: CompletionChoice): CompletionChoice {
  if (before === undefined) return part;
  const { logprobs, token_ids, prompt_token_ids, prompt_logprobs } = before;
  if (logprobs && part.logprobs) {
    logprobs.tokens.push(...part.logprobs.tokens);
    logprobs.token_logprobs.push(...part.logprobs.token_logprobs);
    logprobs.top_logprobs.push(...part.logprobs.top_logprobs);
    logprobs.text_offset.push(...part.logprobs.text_offset);
  }
  if (token_ids && part.token_ids) token_ids.push(...part.token_ids);
  return { ...part, text: before.text + part.text, logprobs, token_ids, prompt_token_ids, prompt_logprobs };
}
