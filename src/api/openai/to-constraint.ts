import type { VocabularyConstraints } from '../../constrain/vocabulary-constraints.ts';
import { GptEdgeError } from '../../core/errors.ts';
import type { TokenConstraint } from '../../core/token-constraint.ts';
import type { WorkBudget } from '../../generation/work-budget.ts';
import type { AnswerFormat } from './schemas/answer-format.ts';

/** What a part of the work on the vocabulary takes. */
const TURNS_PER_PART = 0.2;

/** A wish of a request, and the field that says it. */
interface Wish {
  readonly field: string;
  make(constraints: VocabularyConstraints): TokenConstraint;
}

/**
 * What a request says its answer must be; undefined if it may be any text.
 * @throws GptEdgeError `invalid_value` if several fields say it, or if it cannot be enforced; `param` is the field
 */
export async function toConstraint(
  format: AnswerFormat,
  constraints: VocabularyConstraints,
  budget: WorkBudget,
): Promise<TokenConstraint | undefined> {
  const [wish, other] = wishes(format);
  if (wish === undefined) return undefined;
  if (other !== undefined)
    throw new GptEdgeError('invalid_value', `Invalid ${other.field}: not allowed together with ${wish.field}.`, { param: other.field });
  await prepareConstraints(constraints, budget);
  try {
    const constraint = wish.make(constraints);
    if (constraint.start().isStuck)
      throw new GptEdgeError('invalid_value', "The model's vocabulary has no token with which a valid answer could begin.");
    return constraint;
  } catch (error) {
    if (!(error instanceof GptEdgeError)) throw error;
    throw new GptEdgeError(error.code, `Invalid ${wish.field}: ${error.message}`, { param: wish.field, cause: error });
  }
}

/** Builds what constraints need of the vocabulary, with turns for others in between. */
export const prepareConstraints = (constraints: VocabularyConstraints, budget: WorkBudget): Promise<void> =>
  constraints.prepare(() => budget.spendTurns(TURNS_PER_PART));

function wishes({ response_format: format, structured_outputs: outputs, guided_json, guided_choice, guided_regex }: AnswerFormat): Wish[] {
  return [
    ...(format?.type === 'json_object' ? [schemaWish('response_format', { type: 'object' })] : []),
    ...(format?.type === 'json_schema'
      ? [schemaWish('response_format', format.json_schema.schema, format.json_schema.strict ?? false)]
      : []),
    ...schemaWishes('structured_outputs.json', outputs?.json),
    ...choiceWishes('structured_outputs.choice', outputs?.choice),
    ...patternWishes('structured_outputs.regex', outputs?.regex),
    ...schemaWishes('guided_json', guided_json),
    ...choiceWishes('guided_choice', guided_choice),
    ...patternWishes('guided_regex', guided_regex),
  ];
}

const schemaWish = (field: string, schema: unknown, isOrdered = false): Wish => ({
  field,
  make: (constraints) => constraints.jsonSchema(schema, { isOrdered, isClosed: true }),
});

const schemaWishes = (field: string, schema: unknown): Wish[] => (schema == null ? [] : [schemaWish(field, schema)]);

const choiceWishes = (field: string, texts: readonly string[] | null | undefined): Wish[] =>
  texts == null ? [] : [{ field, make: (constraints) => constraints.choice(texts) }];

const patternWishes = (field: string, source: string | null | undefined): Wish[] =>
  source == null ? [] : [{ field, make: (constraints) => constraints.pattern(source) }];
