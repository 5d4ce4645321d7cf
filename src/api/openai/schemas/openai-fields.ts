import { z } from '@hono/zod-openapi';
import { ignored } from './field-types.ts';

/** Fields of OpenAI's API that ask for something this server does not do. A request with one is refused by name. */
export const UNSUPPORTED_FIELDS: ReadonlySet<string> = new Set([
  'audio',
  'best_of',
  'function_call',
  'functions',
  'modalities',
  'moderation',
  'parallel_tool_calls',
  'prediction',
  'reasoning_effort',
  'response_format',
  'suffix',
  'tool_call_id',
  'tool_calls',
  'tool_choice',
  'tools',
  'verbosity',
  'web_search_options',
]);

/**
 * Fields that real clients send and that change nothing here, because they concern OpenAI's own accounting, storage and
 * caches. The list is closed; docs/openai-fields.md and README.md repeat it for readers.
 */
export const ignoredFields = {
  metadata: ignored(z.record(z.string(), z.unknown())),
  prompt_cache_key: ignored(z.string()),
  prompt_cache_options: ignored(z.record(z.string(), z.unknown())),
  prompt_cache_retention: ignored(z.string()),
  safety_identifier: ignored(z.string()),
  service_tier: ignored(z.string()),
  store: ignored(z.boolean()),
  user: ignored(z.string()),
};
