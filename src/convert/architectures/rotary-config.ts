import { z } from 'zod';
import { MAX_CONTEXT_WINDOW } from '../../core/limits.ts';
import { countSchema } from './config-json.ts';

/** The settings of Llama 3's stretched positions. */
const llama3Schema = z
  .object({
    factor: z.number().min(1).max(1e6),
    low_freq_factor: z.number().positive().max(1e6),
    high_freq_factor: z.number().positive().max(1e6),
    /** Positions that the model was trained with before they were stretched. */
    original_max_position_embeddings: countSchema(MAX_CONTEXT_WINDOW),
  })
  .refine((scaling) => scaling.high_freq_factor > scaling.low_freq_factor, {
    path: ['high_freq_factor'],
    message: 'is not over low_freq_factor',
  });

export type Llama3Scaling = z.infer<typeof llama3Schema>;

/** How positions rotate queries and keys. */
export interface RotaryConfig {
  readonly theta: number;
  /** The type's name in transformers. `default` and `llama3` are implemented. */
  readonly type: string;
  /** Present only for the type `llama3`. */
  readonly llama3?: Llama3Scaling;
  /** Which part of a head is rotated. Only 1 is implemented. */
  readonly partialFactor: number;
}

const factorSchema = z.number().positive().max(1);
const thetaSchema = z.number().min(1).max(1e15);

/**
 * `rope_scaling` of transformers 4, or `rope_parameters` of transformers 5, which holds theta as well. Other types have
 * other fields.
 */
const parametersSchema = z.looseObject({
  rope_type: z.string().optional(),
  /** The name of rope_type before transformers 4.43. */
  type: z.string().optional(),
  rope_theta: thetaSchema.nullish(),
  partial_rotary_factor: factorSchema.nullish(),
});

/** config.json's fields about rotary positions, in the form of either version. */
export const rotaryFields = {
  rope_theta: thetaSchema.nullish(),
  rope_scaling: parametersSchema.nullish(),
  rope_parameters: parametersSchema.nullish(),
  partial_rotary_factor: factorSchema.nullish(),
  original_max_position_embeddings: countSchema(MAX_CONTEXT_WINDOW).nullish(),
};

type RotaryFields = z.infer<z.ZodObject<typeof rotaryFields>>;

/**
 * Brings both forms into one, as transformers 5 does: `rope_scaling` takes precedence over `rope_parameters`, and a
 * theta inside them over the one beside them.
 * @param positions the model's own number of positions
 * @returns the configuration, or the problem with a field
 */
export function readRotary(fields: RotaryFields, positions: number): RotaryConfig | z.core.$ZodIssue {
  const field = hasEntries(fields.rope_scaling) ? 'rope_scaling' : 'rope_parameters';
  const parameters = fields[field] ?? {};
  const rotary = {
    theta: parameters.rope_theta ?? fields.rope_theta ?? 10_000,
    type: parameters.rope_type ?? parameters.type ?? 'default',
    partialFactor: parameters.partial_rotary_factor ?? fields.partial_rotary_factor ?? 1,
  };
  if (rotary.type !== 'llama3') return rotary;
  const original = fields.original_max_position_embeddings ?? parameters.original_max_position_embeddings ?? positions;
  const llama3 = llama3Schema.safeParse({ ...parameters, original_max_position_embeddings: original });
  if (llama3.success) return { ...rotary, llama3: llama3.data };
  return { ...llama3.error.issues[0], path: [field, ...llama3.error.issues[0].path] };
}

function hasEntries(value: object | null | undefined): boolean {
  return Object.keys(value ?? {}).length > 0;
}
