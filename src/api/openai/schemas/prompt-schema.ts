import { z } from '@hono/zod-openapi';
import { MAX_CONTEXT_WINDOW, MAX_VOCABULARY } from '../../../core/limits.ts';
import { MAX_CHOICES } from './common-fields.ts';
import { integerBetween } from './field-types.ts';

export const tokenIdSchema = integerBetween(0, MAX_VOCABULARY - 1);

export const tokenIdsSchema = z.array(tokenIdSchema).min(1, 'must not be empty').max(MAX_CONTEXT_WINDOW);

/** One prompt: text or token ids. */
export const singlePromptSchema = z.union([z.string(), tokenIdsSchema], { error: 'must be a string or an array of token ids' });

/** OpenAI's four forms of prompts. */
export const promptsSchema = z.union(
  [z.string(), z.array(z.string()).min(1).max(MAX_CHOICES), tokenIdsSchema, z.array(tokenIdsSchema).min(1).max(MAX_CHOICES)],
  { error: `must be a string, token ids, or an array of up to ${MAX_CHOICES} of either` },
);
