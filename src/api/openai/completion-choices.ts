import type { LanguageModel } from '../../generation/language-model.ts';
import type { ScoredToken } from '../../generation/sampling/log-probabilities.ts';
import type { SamplingOptions } from '../../generation/sampling/sampling-options.ts';
import type { PlacedToken } from '../../generation/text/text-pieces.ts';
import { IncrementalDetokenizer } from '../../tokenizer/incremental-detokenizer.ts';
import { type Call, completeRecorded } from '../request-log/complete-recorded.ts';
import type { CompletionChoice } from './schemas/completion-schema.ts';
import { type ReportedToken, toLegacyLogprobs } from './to-legacy-logprobs.ts';

export interface CompletionJob {
  model: LanguageModel;
  prompts: readonly { tokens: readonly number[]; text: string }[];
  /** Completions of each prompt. */
  n: number;
  maxTokens: number;
  stops: readonly string[];
  sampling: SamplingOptions;
  echo: boolean;
  /** Alternatives to report; undefined reports no log-probabilities. */
  logprobs?: number;
  returnTokenIds: boolean;
}

/** A part of one choice, as a stream's chunk tells it, and the tokens decoded for it so far. */
export interface ChoicePart {
  choice: CompletionChoice;
  completionTokens: number;
}

/** The choices of all prompts, one after the other, in parts. */
export async function* completionChoices(job: CompletionJob, call: Call): AsyncGenerator<ChoicePart> {
  const { model, n, echo, logprobs } = job;
  const report = (tokens: ReportedToken[]) => ({
    logprobs: logprobs === undefined ? null : toLegacyLogprobs(tokens, model.tokenizer),
    ...(job.returnTokenIds ? { token_ids: tokens.map(({ id }) => id) } : {}),
  });
  for (const [promptIndex, prompt] of job.prompts.entries()) {
    const request = { ...job, prompt: prompt.tokens, choices: n, topLogprobs: logprobs, scorePrompt: echo && logprobs !== undefined };
    const shift = echo ? prompt.text.length : 0;
    let scores: (ScoredToken | null)[] = [];
    let opened = -1;
    for await (const event of completeRecorded(model, request, call)) {
      if (event.type === 'prompt') {
        scores = event.tokens;
        continue;
      }
      const index = promptIndex * n + event.choice;
      // The first part of a choice tells the prompt's tokens, the others need not.
      let head = job.returnTokenIds && event.choice > opened ? { prompt_token_ids: [...prompt.tokens] } : {};
      if (echo && event.choice > opened) {
        const choice = { index, text: prompt.text, ...report(placePrompt(prompt.tokens, scores, model)), ...head, finish_reason: null };
        yield { choice, completionTokens: 0 };
        head = {};
      }
      opened = event.choice;
      const { text, finishReason = null, completionTokens } = event;
      const choice = { index, text, ...report(event.tokens.map(reported(shift))), ...head, finish_reason: finishReason };
      yield { choice, completionTokens };
    }
  }
}

const reported =
  (shift: number) =>
  ({ id, offset, logprob = 0, top = [] }: PlacedToken): ReportedToken => ({ id, offset: offset + shift, score: { id, logprob, top } });

function placePrompt(tokens: readonly number[], scores: readonly (ScoredToken | null)[], model: LanguageModel): ReportedToken[] {
  const detokenizer = new IncrementalDetokenizer(model.tokenizer);
  let length = 0;
  return tokens.map((id, index) => {
    const offset = length;
    length += detokenizer.push(id).length;
    return { id, offset, score: scores[index] ?? null };
  });
}
