import { z } from '@hono/zod-openapi';
import { MAX_CONTEXT_WINDOW, MAX_VOCABULARY } from '../../../core/limits.ts';
import { integerBetween } from './number-between.ts';

/** Prompts times n of one request: each is a completion of its own. */
export const MAX_COMPLETIONS = 128;

export const tokenIdSchema = integerBetween(0, MAX_VOCABULARY - 1);

export const tokenIdsSchema = z.array(tokenIdSchema).min(1, 'must not be empty').max(MAX_CONTEXT_WINDOW);

/** One prompt: text or token ids. */
export const singlePromptSchema = z.union([z.string(), tokenIdsSchema], { error: 'must be a string or an array of token ids' });

/** OpenAI's four forms of prompts. */
export const promptsSchema = z.union(
  [z.string(), z.array(z.string()).min(1).max(MAX_COMPLETIONS), tokenIdsSchema, z.array(tokenIdsSchema).min(1).max(MAX_COMPLETIONS)],
  { error: `must be a string, token ids, or an array of up to ${MAX_COMPLETIONS} of either` },
);
