import { z } from '@hono/zod-openapi';

export const CUSTOM_TYPE = z.literal('custom');

const textFormat = z.strictObject({ type: z.literal('text') });
const GRAMMAR_TYPE = z.literal('grammar');

const grammarFields = {
  syntax: z.literal('regex', { error: 'must be regex: gpt-edge does not support lark' }),
  definition: z.string().openapi({ description: 'A regular expression that the whole input matches.' }),
};

const FORMAT_ERROR = { error: 'must have the type text or grammar' };

/** What the input of a custom tool may be, in a chat. */
const chatFormat = z.discriminatedUnion(
  'type',
  [textFormat, z.strictObject({ type: GRAMMAR_TYPE, grammar: z.strictObject(grammarFields) })],
  FORMAT_ERROR,
);
/** The same in a request for a response. */
const responseFormat = z.discriminatedUnion('type', [textFormat, z.strictObject({ type: GRAMMAR_TYPE, ...grammarFields })], FORMAT_ERROR);

const described = { description: z.string().nullish() };

/** What a custom tool is, besides its type and its name: a chat has it in `custom`, a response beside the type. */
export const customFields = { ...described, format: chatFormat.nullish() };
export const customResponseFields = { ...described, format: responseFormat.nullish() };
