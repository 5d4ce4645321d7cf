import type { Logits } from '../core/logits.ts';
import { checkContext } from './check-context.ts';
import { Choice } from './choice.ts';
import { CHOICE_BEGINNING, type ChoicePast } from './choice-past.ts';
import type { CompletionRequest } from './completion-request.ts';
import type { LanguageModel } from './language-model.ts';
import type { Outbox } from './outbox.ts';
import { PromptScores, type Scores } from './prompts/prompt-scores.ts';
import { type SharedBeginning, sharedBeginnings } from './prompts/shared-beginnings.ts';
import { scoreToken } from './sampling/log-probabilities.ts';
import type { JobFigures } from './scheduler/job.ts';
import type { PromptTask } from './scheduler/prompt-run.ts';
import type { JobReader } from './scheduler/scheduler.ts';
import { TokenWork } from './token-work.ts';
import type { WorkBudget } from './work-budget.ts';

/** What is known of a completion that was begun elsewhere. */
export interface CompletionPast {
  /** Choices of which something is known. */
  readonly choices: readonly ChoicePast[];
  /** What it has cost so far. */
  readonly figures: Partial<JobFigures>;
}

export interface CompleteOptions {
  /** Where the completion goes on. The text is what it would have been. @default the beginning */
  readonly past?: CompletionPast;
  /** Whether pieces that wait for the reader are joined. @default true */
  readonly joinsPieces?: boolean;
}

/**
 * Completes prompts. All choices of a prompt share one prefill, and all prompts and choices are computed together. What
 * several prompts begin with is computed, and scored, once.
 * @returns the events, once there is room for the first prompt, so that whoever answers knows by then whether it is
 *   refused
 * @throws GptEdgeError `context_length_exceeded`, `overloaded`; the reason of the budget's signal once it is aborted
 */
export async function complete(
  model: LanguageModel,
  requests: readonly CompletionRequest[],
  budget: WorkBudget,
  { past, joinsPieces }: CompleteOptions = {},
): Promise<JobReader> {
  for (const { prompt, maxTokens } of requests) checkContext(model, prompt.length, maxTokens);
  const leaders = sharedBeginnings(requests.map(({ prompt }) => prompt));
  const tasks = (outbox: Outbox) =>
    requests.map((request, prompt) => {
      const known = past?.choices.filter((choice) => choice.prompt === prompt) ?? [];
      return promptTask(model, request, { prompt, leader: leaders[prompt], past: known }, outbox);
    });
  return model.scheduler.submit(tasks, budget, { joinsPieces, figures: past?.figures });
}

/** Where a prompt stands in its request, and what is known of its choices. */
interface PromptPlace {
  readonly prompt: number;
  readonly leader: SharedBeginning | undefined;
  readonly past: readonly ChoicePast[];
}

function promptTask(model: LanguageModel, request: CompletionRequest, { prompt, leader, past }: PromptPlace, outbox: Outbox): PromptTask {
  const { prompt: tokens, choices: count, partition } = request;
  const work = new TokenWork(model);
  const all = Array.from(
    { length: count },
    (_, choice) => new Choice(model, request, { prompt, choice }, outbox, pastOf(past, choice, request)),
  );
  const begun = all.filter(({ generated, isFinished }) => generated.length > 0 || (isFinished && request.maxTokens > 0));
  const choices = all.filter((choice) => !begun.includes(choice));
  const promptLogprobs = choices.length > 0 ? request.promptLogprobs : undefined;
  let scores: Scores | undefined;
  const last = tokens.length - 1;
  return {
    tokens,
    partition,
    adapter: model.adapter,
    choices,
    begun,
    leader,
    firstRead() {
      if (promptLogprobs === undefined) return last;
      scores ??= PromptScores.of(model).begin(tokens, partition, promptLogprobs);
      return scores.length - 1;
    },
    readWork: (index) => (index < last ? work.score(promptLogprobs ?? 0) : choices.length * work.choose(tokens.length, request)),
    read(logits, index) {
      if (index < last) scores?.push(scoreToken(logits, tokens[index + 1], promptLogprobs ?? 0));
      else {
        if (scores) outbox.put({ type: 'prompt', prompt, tokens: scores });
        begin(choices, logits);
      }
    },
  };
}

/**
 * What is known of a choice. If its reader has nothing of it and waits for the scores of the prompt, these come first,
 * and so it begins once more.
 */
function pastOf(past: readonly ChoicePast[], choice: number, { promptLogprobs }: CompletionRequest): ChoicePast | undefined {
  const known = past.find((other) => other.choice === choice);
  return known && promptLogprobs !== undefined && known.position === CHOICE_BEGINNING ? undefined : known;
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
