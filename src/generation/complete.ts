import type { Logits } from '../core/logits.ts';
import { checkContext } from './check-context.ts';
import { Choice } from './choice.ts';
import type { CompletionRequest } from './completion-request.ts';
import type { LanguageModel } from './language-model.ts';
import type { Outbox } from './outbox.ts';
import { type ScoredToken, scoreToken } from './sampling/log-probabilities.ts';
import type { PromptTask } from './scheduler/prompt-run.ts';
import type { JobReader } from './scheduler/scheduler.ts';
import { TokenWork } from './token-work.ts';
import type { WorkBudget } from './work-budget.ts';

/**
 * Completes prompts. All choices of a prompt share one prefill, and all prompts and choices are computed together.
 * @returns the events, once there is room for the first prompt, so that whoever answers knows by then whether it is
 *   refused
 * @throws GptEdgeError `context_length_exceeded`, `overloaded`; the reason of the budget's signal once it is aborted
 */
export async function complete(model: LanguageModel, requests: readonly CompletionRequest[], budget: WorkBudget): Promise<JobReader> {
  for (const { prompt, maxTokens } of requests) checkContext(model, prompt.length, maxTokens);
  return model.scheduler.submit((outbox) => requests.map((request, prompt) => promptTask(model, request, prompt, outbox)), budget);
}

function promptTask(model: LanguageModel, request: CompletionRequest, prompt: number, outbox: Outbox): PromptTask {
  const { prompt: tokens, choices: count, scorePrompt, topLogprobs = 0, partition } = request;
  const work = new TokenWork(model);
  const choices = Array.from({ length: count }, (_, choice) => new Choice(model, request, { prompt, choice }, outbox));
  const scores: (ScoredToken | null)[] = [null];
  const last = tokens.length - 1;
  return {
    tokens,
    partition,
    adapter: model.adapter,
    choices,
    firstRead: scorePrompt ? 0 : last,
    readWork: (index) => (index < last ? work.score(topLogprobs) : count * work.choose(tokens.length, request)),
    read: (logits, index) => {
      if (index < last) scores.push(scoreToken(logits, tokens[index + 1], topLogprobs));
      else {
        if (scorePrompt) outbox.put({ type: 'prompt', prompt, tokens: scores });
        begin(choices, logits);
      }
    },
  };
}

/** Lets each choice choose its first token from the same logits, which each of them overwrites. */
function begin(choices: readonly Choice[], logits: Logits): void {
  const values = choices.length > 1 ? logits.values.slice() : undefined;
  for (const choice of choices) {
    if (values) logits.values.set(values);
    if (choice.isFinished) choice.finishEmpty();
    else choice.choose(logits);
  }
}
