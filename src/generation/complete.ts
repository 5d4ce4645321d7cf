import type { Logits } from '../core/logits.ts';
import { checkContext } from './check-context.ts';
import { Choice } from './choice.ts';
import type { CompletionRequest } from './completion-request.ts';
import type { LanguageModel } from './language-model.ts';
import type { Outbox } from './outbox.ts';
import { PromptScores, type Scores } from './prompts/prompt-scores.ts';
import { type SharedBeginning, sharedBeginnings } from './prompts/shared-beginnings.ts';
import { scoreToken } from './sampling/log-probabilities.ts';
import type { PromptTask } from './scheduler/prompt-run.ts';
import type { JobReader } from './scheduler/scheduler.ts';
import { TokenWork } from './token-work.ts';
import type { WorkBudget } from './work-budget.ts';

/**
 * Completes prompts. All choices of a prompt share one prefill, and all prompts and choices are computed together. What
 * several prompts begin with is computed, and scored, once.
 * @returns the events, once there is room for the first prompt, so that whoever answers knows by then whether it is
 *   refused
 * @throws GptEdgeError `context_length_exceeded`, `overloaded`; the reason of the budget's signal once it is aborted
 */
export async function complete(model: LanguageModel, requests: readonly CompletionRequest[], budget: WorkBudget): Promise<JobReader> {
  for (const { prompt, maxTokens } of requests) checkContext(model, prompt.length, maxTokens);
  const leaders = sharedBeginnings(requests.map(({ prompt }) => prompt));
  return model.scheduler.submit(
    (outbox) => requests.map((request, prompt) => promptTask(model, request, { prompt, leader: leaders[prompt] }, outbox)),
    budget,
  );
}

/** Where a prompt stands in its request. */
interface PromptPlace {
  readonly prompt: number;
  readonly leader: SharedBeginning | undefined;
}

function promptTask(model: LanguageModel, request: CompletionRequest, { prompt, leader }: PromptPlace, outbox: Outbox): PromptTask {
  const { prompt: tokens, choices: count, promptLogprobs, partition } = request;
  const work = new TokenWork(model);
  const choices = Array.from({ length: count }, (_, choice) => new Choice(model, request, { prompt, choice }, outbox));
  let scores: Scores | undefined;
  const last = tokens.length - 1;
  return {
    tokens,
    partition,
    adapter: model.adapter,
    choices,
    leader,
    firstRead() {
      if (promptLogprobs === undefined) return last;
      scores ??= PromptScores.of(model).begin(tokens, partition, promptLogprobs);
      return scores.length - 1;
    },
    readWork: (index) => (index < last ? work.score(promptLogprobs ?? 0) : count * work.choose(tokens.length, request)),
    read(logits, index) {
      if (index < last) scores?.push(scoreToken(logits, tokens[index + 1], promptLogprobs ?? 0));
      else {
        if (scores) outbox.put({ type: 'prompt', prompt, tokens: scores });
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
