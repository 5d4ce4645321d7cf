import { z } from '@hono/zod-openapi';
import { MAX_VOCABULARY } from '../../../core/limits.ts';
import { SAMPLING_DEFAULTS } from '../../../generation/sampling/sampling-options.ts';
import { documentDefault, documentModelDefault, integerBetween, numberBetween } from './field-types.ts';

/** Every entry is applied after every token. */
const MAX_LOGIT_BIASES = 1024;

/** How tokens are chosen, in completions and in chat completions. A null is the same as leaving a field out. */
export const samplingFields = {
  seed: integerBetween(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
    .nullish()
    .openapi({ description: 'The same seed gives the same text. Default: random.' }),
  temperature: numberBetween(0, 2)
    .nullish()
    .openapi(documentModelDefault('0 takes the most probable token.', SAMPLING_DEFAULTS.temperature)),
  top_p: numberBetween(0, 1)
    .nullish()
    .openapi(documentModelDefault('Keep the most probable tokens up to this sum.', SAMPLING_DEFAULTS.topP)),
  top_k: integerBetween(0, MAX_VOCABULARY)
    .nullish()
    .openapi(documentModelDefault('Keep the k most probable tokens, 0 all.', SAMPLING_DEFAULTS.topK)),
  min_p: numberBetween(0, 1)
    .nullish()
    .openapi(documentModelDefault('Keep tokens at least this fraction as probable as the best.', SAMPLING_DEFAULTS.minP)),
  frequency_penalty: numberBetween(-2, 2)
    .nullish()
    .openapi(documentDefault('Lowers the logit of a token for each time it was generated.', SAMPLING_DEFAULTS.frequencyPenalty)),
  presence_penalty: numberBetween(-2, 2)
    .nullish()
    .openapi(documentDefault('Lowers the logit of a token once it was generated.', SAMPLING_DEFAULTS.presencePenalty)),
  repetition_penalty: numberBetween(0.01, 10)
    .nullish()
    .openapi(documentModelDefault('Makes tokens of prompt and completion less probable.', SAMPLING_DEFAULTS.repetitionPenalty)),
  logit_bias: z
    .record(z.string().regex(/^(0|[1-9]\d{0,6})$/), numberBetween(-100, 100), { error: 'must be an object that maps token ids to numbers' })
    .refine((biases) => Object.keys(biases).length <= MAX_LOGIT_BIASES, `has at most ${MAX_LOGIT_BIASES} entries`)
    .nullish()
    .openapi({ description: 'Added to the logits of token ids.' }),
};
