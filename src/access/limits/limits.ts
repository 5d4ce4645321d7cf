import { z } from 'zod';

/** The most that any limit may be. It is far above what a deployment can generate, and all sums below it are exact. */
const MAX_LIMIT = 1e12;

const limit = z.number().int().min(1).max(MAX_LIMIT);

/** What may be used. A limit that is left out does not exist. */
export const limitsSchema = z.strictObject({
  /** Requests in any 60 seconds. */
  requestsPerMinute: limit.optional(),
  /** Tokens, of prompts and completions, in any 60 seconds. */
  tokensPerMinute: limit.optional(),
  /** Requests at the same time, from the first byte of one to the last of its answer. */
  concurrent: limit.optional(),
  /** Tokens in a day, which begins at midnight UTC. */
  tokensPerDay: limit.optional(),
  /** Dollars in such a day, by the prices of the deployment. */
  dollarsPerDay: z.number().positive().max(MAX_LIMIT).optional(),
});

export type Limits = Readonly<z.infer<typeof limitsSchema>>;
export type LimitName = keyof Limits;

/** Those of a client address without a key, and of each address that sends a publishable key. */
export const ADDRESS_LIMITS: Limits = { requestsPerMinute: 30, tokensPerMinute: 20_000, concurrent: 4, tokensPerDay: 200_000 };

/** Those of a publishable key that was created without others. A secret key has none by itself. */
export const PUBLISHABLE_LIMITS: Limits = { requestsPerMinute: 120, tokensPerMinute: 60_000, concurrent: 16, tokensPerDay: 1_000_000 };

/** What tokens cost, in dollars a million, which are millionths of a dollar a token. */
export interface Prices {
  prompt: number;
  completion: number;
}

/** Tokens, and what they cost in millionths of a dollar. */
export interface Cost {
  tokens: number;
  micros: number;
}

export const NO_COST: Readonly<Cost> = { tokens: 0, micros: 0 };

export function costOf(promptTokens: number, completionTokens: number, prices: Prices): Cost {
  return { tokens: promptTokens + completionTokens, micros: promptTokens * prices.prompt + completionTokens * prices.completion };
}
