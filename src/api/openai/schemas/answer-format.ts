import { z } from '@hono/zod-openapi';

/** A schema as JSON Schema has it; src/constrain reads it. */
export const jsonSchema = z
  .union([z.record(z.string(), z.unknown()), z.boolean()], { error: 'must be a JSON Schema: an object, true or false' })
  .openapi({ type: 'object', description: 'A JSON Schema (draft 2020-12).' });

/** The name of a schema. It changes nothing. */
export const schemaNameSchema = z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/, 'must be 1 to 64 letters, digits, underscores and hyphens');

const choiceSchema = z.array(z.string()).openapi({ description: 'The texts among which the answer is chosen.' });
const patternSchema = z.string().openapi({ description: 'A regular expression that the whole answer matches.' });

const responseFormatSchema = z.discriminatedUnion(
  'type',
  [
    z.strictObject({ type: z.literal('text') }),
    z.strictObject({ type: z.literal('json_object') }),
    z.strictObject({
      type: z.literal('json_schema'),
      json_schema: z.strictObject({
        name: schemaNameSchema,
        description: z.string().nullish(),
        schema: jsonSchema,
        strict: z.boolean().nullish().openapi({ description: "Whether the properties come in the schema's order." }),
      }),
    }),
  ],
  { error: 'must have the type text, json_object or json_schema' },
);

/**
 * The fields that say what an answer must be: OpenAI's `response_format`, and vLLM's `structured_outputs` with its
 * older names.
 */
export const answerFormatFields = {
  response_format: responseFormatSchema.nullish().openapi({ description: 'What the answer must be: any text, JSON, or JSON of a schema.' }),
  structured_outputs: z
    .strictObject({ json: jsonSchema.nullish(), choice: choiceSchema.nullish(), regex: patternSchema.nullish() })
    .nullish()
    .openapi({ description: 'What the answer must be, as in vLLM: one of the three.' }),
  guided_json: jsonSchema.nullish(),
  guided_choice: choiceSchema.nullish(),
  guided_regex: patternSchema.nullish(),
};

export type AnswerFormat = { [K in keyof typeof answerFormatFields]?: z.infer<(typeof answerFormatFields)[K]> };
