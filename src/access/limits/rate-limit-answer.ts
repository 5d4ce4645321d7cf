import { GptEdgeError } from '../../core/errors.ts';
import type { Allowance } from './account.ts';
import { type Allowances, DEPLOYMENT, type Refused } from './ledger.ts';
import type { LimitName } from './limits.ts';

/** The limits by the minute, in the headers that OpenAI sends. */
export function rateHeaders({ requests, tokens }: Allowances): Record<string, string> {
  return { ...headersOf('requests', requests), ...headersOf('tokens', tokens) };
}

function headersOf(name: string, allowance: Allowance | undefined): Record<string, string> {
  if (allowance === undefined) return {};
  return {
    [`x-ratelimit-limit-${name}`]: String(allowance.limit),
    [`x-ratelimit-remaining-${name}`]: String(allowance.remaining),
    [`x-ratelimit-reset-${name}`]: duration(allowance.resetMs),
  };
}

/** A duration as OpenAI writes it, which is Go's way: `17ms`, `6.5s`, `1m1s`. */
export function duration(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.ceil(milliseconds)}ms`;
  const seconds = Math.ceil(milliseconds / 100) / 10;
  if (seconds < 60) return `${seconds}s`;
  return `${Math.floor(seconds / 60)}m${Math.round((seconds % 60) * 10) / 10}s`;
}

/** What a limit limits, as a message says it. */
const WORDS: Record<LimitName, (most: number) => string> = {
  requestsPerMinute: (most) => `${most} requests a minute`,
  tokensPerMinute: (most) => `${most} tokens a minute`,
  concurrent: (most) => `${most} requests at a time`,
  tokensPerDay: (most) => `${most} tokens a day`,
  dollarsPerDay: (most) => `${most} dollars a day`,
};

/**
 * The error of a request that a limit refuses. As in OpenAI's API, a spent budget is a 429 like any other limit, with a
 * code of its own.
 * @param tokens that the request may use at most, if that is what is refused
 */
export function refusalError({ limit, most, waitMs, account }: Refused, tokens?: number): GptEdgeError {
  const isBudget = limit === 'tokensPerDay' || limit === 'dollarsPerDay';
  const who = account === DEPLOYMENT ? 'this deployment' : account.startsWith('key:') ? 'this key' : 'your address';
  const asks = tokens === undefined ? '' : `, and the request may use ${tokens}`;
  const limited = `The limit of ${who} is ${WORDS[limit](most)}${asks}.`;
  if (waitMs === null) return new GptEdgeError(isBudget ? 'insufficient_quota' : 'rate_limit_exceeded', `${limited} Ask for less.`);
  const seconds = Math.max(1, Math.ceil(waitMs / 1000));
  const when = isBudget ? 'The next day begins at midnight UTC.' : `Try again in ${seconds} s.`;
  const code = isBudget ? 'insufficient_quota' : 'rate_limit_exceeded';
  return new GptEdgeError(code, `${limited} ${when}`, { retryAfterSeconds: seconds });
}
