import { GptEdgeError } from '../core/errors.ts';
import type { ContextFields } from './check-context.ts';
import type { CompletionRequest } from './completion-request.ts';
import type { LanguageModel } from './language-model.ts';
import { TokenWork } from './token-work.ts';

/**
 * Multiply-adds that one request may ask for, as `TokenWork` counts them, unless a deployment says otherwise. Those of a
 * slower engine count more. The edge engine does so many in 35 seconds with weights of 4 bits, and in 70 with 8 bits, on one core of 2024: no request
 * reaches the five minutes of CPU that are the platform's maximum on a core of a quarter of that speed. The default
 * model's whole context window 128 times takes 1.2e12.
 */
export const DEFAULT_MAX_WORK = 2e12;

/** The field that limits a completion, if the request has left it out. */
const LIMITS = { prompt: 'max_tokens', messages: 'max_completion_tokens', input: 'input' };

/**
 * Refuses a request that might take too long, before anything is computed.
 * @param requests one for each prompt
 * @throws GptEdgeError `invalid_value`, with the sum and the limit; `param` is the field that adds most to it
 */
export function checkWork(
  model: LanguageModel,
  requests: readonly CompletionRequest[],
  maxWork: number,
  fields: ContextFields = { prompt: 'prompt' },
): void {
  const work = new TokenWork(model);
  const cost = model.decoder.costOfMultiplyAdd;
  const prompts = cost * sum(requests.map((request) => work.ofPrompt(request)));
  const choices = cost * sum(requests.map((request) => work.ofChoices(request)));
  if (prompts + choices <= maxWork) return;
  const n = requests[0].choices;
  const param = prompts > choices ? fields.prompt : n > 1 ? (fields.choices ?? 'n') : (fields.maxTokens ?? LIMITS[fields.prompt]);
  throw new GptEdgeError(
    'invalid_value',
    `Invalid ${param}: the request may take ${billions(prompts + choices)} multiply-adds (${billions(prompts)} for ${count(requests.length, 'prompt')} of ${sum(requests.map(({ prompt }) => prompt.length))} tokens, ${billions(choices)} for ${count(requests.length * n, 'completion')} of up to ${requests[0].maxTokens}${cost === 1 ? '' : `; one of the engine ${model.decoder.engine} counts ${cost} times`}), and the limit is ${billions(maxWork)} (MAX_WORK).`,
    { param },
  );
}

/** Says that a request takes too much, with both numbers. */
export const describeWork = (work: number, maxWork: number, what: string): string =>
  `the request may take ${billions(work)} multiply-adds for ${what}, and the limit is ${billions(maxWork)} (MAX_WORK).`;

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
const billions = (multiplyAdds: number): string => `${(multiplyAdds / 1e9).toLocaleString('en', { maximumSignificantDigits: 4 })} billion`;
const count = (number: number, word: string): string => `${number} ${word}${number === 1 ? '' : 's'}`;
