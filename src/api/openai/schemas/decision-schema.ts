import { z } from '@hono/zod-openapi';
import { commonFields } from './common-fields.ts';
import { documentDefault, ignored } from './field-types.ts';
import { askedForImage, ignoredFields } from './openai-fields.ts';

/** As in OpenAI's API. */
const MAX_QUESTIONS = 400;
const MAX_OPTIONS = 255;
const MAX_LEVELS = 10;
/** The longest answer, in characters. One that is longer belongs into a description. */
const MAX_ANSWER_LENGTH = 256;
/** The longest name of a question. */
const MAX_NAME_LENGTH = 256;
/** The most messages and tool calls of an input: more than fit into the context window of any small model. */
const MAX_ITEMS = 1024;
/** The most parts of a message. */
const MAX_PARTS = 64;

const breakpoint = ignored(z.record(z.string(), z.unknown()));
const textPart = z.strictObject({ type: z.literal('input_text'), text: z.string(), prompt_cache_breakpoint: breakpoint });
const jsonPart = z.strictObject({
  type: z.literal('input_json'),
  data: z.union([z.record(z.string(), z.unknown()), z.array(z.record(z.string(), z.unknown()))], {
    error: 'must be an object, or an array of objects',
  }),
});
/** It is known, so that a request with it is told what is not supported. */
const imagePart = z.looseObject({ type: z.literal('input_image') }).refine(() => false, askedForImage);
const outputPart = z.strictObject({ type: z.literal('output_text'), text: z.string() });
const refusalPart = z.strictObject({ type: z.literal('refusal'), refusal: z.string() });

const content = <T extends z.ZodType>(part: T, types: string) =>
  z.union([z.string(), z.array(part).min(1, 'must not be empty').max(MAX_PARTS, `has at most ${MAX_PARTS} parts`)], {
    error: `must be a string or up to ${MAX_PARTS} parts of the type ${types}`,
  });

const questionContent = content(
  z.discriminatedUnion('type', [textPart, jsonPart, imagePart], { error: 'must have the type input_text or input_json' }),
  'input_text or input_json',
);
const textContent = content(textPart, 'input_text');
const answerContent = content(
  z.discriminatedUnion('type', [outputPart, refusalPart], { error: 'must have the type output_text or refusal' }),
  'output_text or refusal',
);
const toolContent = content(z.discriminatedUnion('type', [textPart, imagePart], { error: 'must have the type input_text' }), 'input_text');

const message = { type: z.literal('message').optional() };
const call = { call_id: z.string(), id: ignored(z.string()), status: ignored(z.string()) };
const named = { name: z.string(), namespace: ignored(z.string()) };

const itemSchema = z.union(
  [
    z.strictObject({ ...message, role: z.literal('user'), content: questionContent }),
    z.strictObject({ ...message, role: z.literal(['developer', 'system']), content: textContent }),
    z.strictObject({ ...message, role: z.literal('assistant'), content: answerContent, phase: ignored(z.string()) }),
    z.strictObject({ type: z.literal('function_call'), ...call, ...named, arguments: z.string() }),
    z.strictObject({ type: z.literal('function_call_output'), ...call, output: toolContent }),
    z.strictObject({ type: z.literal('custom_tool_call'), ...call, ...named, input: z.string() }),
    z.strictObject({ type: z.literal('custom_tool_call_output'), ...call, output: toolContent }),
  ],
  { error: "must be a message, a tool call, or a tool's output" },
);

const answerText = z.string().min(1, 'must not be empty').max(MAX_ANSWER_LENGTH, `has at most ${MAX_ANSWER_LENGTH} characters`);
const asked = {
  name: z.string().max(MAX_NAME_LENGTH, `has at most ${MAX_NAME_LENGTH} characters`).nullish(),
  instructions: questionContent,
};
const isUnique = (values: readonly unknown[]) => new Set(values).size === values.length;

const questionSchema = z.discriminatedUnion(
  'type',
  [
    z.strictObject({ type: z.literal('predicate'), ...asked }).openapi({ description: 'How likely it is that a statement is true.' }),
    z
      .strictObject({
        type: z.literal('choice'),
        ...asked,
        choices: z
          .array(z.strictObject({ value: z.union([answerText, z.boolean()]), description: z.string().nullish() }))
          .min(2, `must be 2 to ${MAX_OPTIONS} choices`)
          .max(MAX_OPTIONS, `must be 2 to ${MAX_OPTIONS} choices`)
          .refine((choices) => isUnique(choices.map(({ value }) => value)), 'must be different from each other'),
      })
      .openapi({ description: 'Which of several values fits.' }),
    z
      .strictObject({
        type: z.literal('score'),
        ...asked,
        levels: z
          .array(z.strictObject({ label: answerText, description: z.string().nullish() }))
          .min(2, `must be 2 to ${MAX_LEVELS} levels`)
          .max(MAX_LEVELS, `must be 2 to ${MAX_LEVELS} levels`)
          .refine((levels) => isUnique(levels.map(({ label }) => label)), 'must be different from each other'),
      })
      .openapi({ description: 'Where on a scale of levels something lies, the lowest level first.' }),
  ],
  { error: 'must have the type predicate, choice or score' },
);

const { model, prompt_cache_key, timeout_ms } = commonFields;
const { prompt_cache_options, safety_identifier } = ignoredFields;

export const decisionRequestSchema = z
  .strictObject({
    model,
    input: z
      .union([z.string(), z.array(itemSchema).min(1, 'must not be empty').max(MAX_ITEMS, `has at most ${MAX_ITEMS} items`)], {
        error: 'must be a string, or an array of messages and tool calls',
      })
      .openapi({ description: 'What the questions are about: a text, or messages and tool calls, which are read as one text.' }),
    questions: z
      .array(questionSchema)
      .min(1, `must be 1 to ${MAX_QUESTIONS} questions`)
      .max(MAX_QUESTIONS, `must be 1 to ${MAX_QUESTIONS} questions`),
    prompt_cache_key,
    prompt_cache_options,
    safety_identifier,
    timeout_ms,
    gpt_edge: z
      .strictObject({
        calibrate: z.boolean().nullish().openapi(documentDefault('Divide by how probable each answer is without the input.', false)),
        coverage: z
          .boolean()
          .nullish()
          .openapi(documentDefault('Also report how probable it is that the model says any of the answers.', false)),
      })
      .nullish()
      .openapi({ description: "Options of gpt-edge's own." }),
  })
  .openapi('DecisionRequest', {
    example: {
      input: 'The parcel came two weeks late, and the box was open.',
      questions: [
        { type: 'choice', name: 'mood', instructions: 'What is the mood of the text?', choices: [{ value: 'happy' }, { value: 'angry' }] },
      ],
    },
  });

const coverage = {
  gpt_edge: z
    .object({ coverage: z.number() })
    .optional()
    .openapi({ description: 'Only with `gpt_edge.coverage`: the probability of the first tokens of all answers together.' }),
};
const answered = { name: z.string().nullable(), ...coverage };
const confidence = z.number().openapi({ description: 'From 0, where all answers are equally probable, to 1, where one is certain.' });

const predicateAnswer = z.object({ type: z.literal('predicate'), ...answered, probability: z.number() });
const choiceAnswer = z.object({
  type: z.literal('choice'),
  ...answered,
  choice: z.union([z.string(), z.boolean()]),
  confidence,
  probabilities: z.array(z.object({ value: z.union([z.string(), z.boolean()]), probability: z.number() })),
});
const scoreAnswer = z.object({
  type: z.literal('score'),
  ...answered,
  score: z.number().openapi({ description: 'The mean of the levels, counted from 0, by their probabilities.' }),
  confidence,
  probabilities: z.array(z.object({ label: z.string(), value: z.number().int(), probability: z.number() })),
});

export const decisionSchema = z
  .object({
    answers: z.array(z.discriminatedUnion('type', [predicateAnswer, choiceAnswer, scoreAnswer])),
    model: z.string(),
    usage: z.object({
      input_tokens: z.number().int().openapi({ description: 'Tokens that were read, each once, however many questions share them.' }),
      input_tokens_details: z.object({ cached_tokens: z.number().int(), cache_write_tokens: z.number().int() }),
      output_tokens: z.number().int(),
      output_tokens_details: z.object({ reasoning_tokens: z.number().int() }),
      total_tokens: z.number().int(),
    }),
  })
  .openapi('Decision');

export type DecisionWireRequest = z.infer<typeof decisionRequestSchema>;
export type WireQuestion = DecisionWireRequest['questions'][number];
export type WireItem = Exclude<DecisionWireRequest['input'], string>[number];
export type WireDecision = z.infer<typeof decisionSchema>;
export type WireAnswer = WireDecision['answers'][number];
