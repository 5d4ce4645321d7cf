import type { Elapsed } from './stopwatch.ts';

/**
 * What Cloudflare asks for processor time on the plan Workers Standard, beyond the 30 million milliseconds a month that it includes:
 * $0.02 for a million milliseconds (https://developers.cloudflare.com/workers/platform/pricing/, 2026-11). Requests, R2 and the
 * subscription come on top.
 */
const DOLLARS_PER_MILLION_MILLISECONDS = 0.02;

/** US dollars for a million tokens of `cpu` milliseconds each: a million tokens take a million times as long. */
export function dollarsPerMillionTokens({ cpu }: Elapsed): number {
  return cpu * DOLLARS_PER_MILLION_MILLISECONDS;
}
