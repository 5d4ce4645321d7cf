import { z } from 'zod';
import { MAX_CONTEXT_WINDOW, MAX_DIMENSION } from '../../core/limits.ts';
import { countSchema } from './config-json.ts';

const scaleSchema = z.number().min(1).max(1e6);
const positiveSchema = z.number().positive().max(1e6);
/** Positions that the model was trained with before they were stretched. */
const originalSchema = countSchema(MAX_CONTEXT_WINDOW);
const factorsSchema = z.array(z.number().positive().max(1e9)).max(MAX_DIMENSION);

/** The settings of each way to stretch positions, by the names of transformers. */
const SCALINGS = {
  /** Does nothing within the positions that the model has, and a model folder never keeps more of them. */
  dynamic: z.object({ factor: scaleSchema }),
  linear: z.object({ factor: scaleSchema }),
  llama3: z
    .object({
      factor: scaleSchema,
      low_freq_factor: positiveSchema,
      high_freq_factor: positiveSchema,
      original_max_position_embeddings: originalSchema,
    })
    .refine((scaling) => scaling.high_freq_factor > scaling.low_freq_factor, {
      path: ['high_freq_factor'],
      message: 'is not over low_freq_factor',
    }),
  /** A factor for each pair of a head: one list for texts up to the original positions, and one for longer texts. */
  longrope: z.object({
    short_factor: factorsSchema,
    long_factor: factorsSchema,
    factor: scaleSchema.nullish(),
    attention_factor: positiveSchema.nullish(),
    original_max_position_embeddings: originalSchema,
  }),
  yarn: z.object({
    factor: scaleSchema.nullish(),
    original_max_position_embeddings: originalSchema,
    attention_factor: positiveSchema.nullish(),
    beta_fast: positiveSchema.nullish(),
    beta_slow: positiveSchema.nullish(),
    mscale: positiveSchema.nullish(),
    mscale_all_dim: positiveSchema.nullish(),
    truncate: z.boolean().nullish(),
  }),
};

type ScalingType = keyof typeof SCALINGS;

/** How positions are stretched: the type's name in transformers, and its settings. */
export type RotaryScaling = { [Type in ScalingType]: { readonly type: Type } & z.infer<(typeof SCALINGS)[Type]> }[ScalingType];

/** The types of rotary positions that are implemented, by the names of transformers. */
export const rotaryTypes: readonly string[] = ['default', ...Object.keys(SCALINGS)];

/** How positions rotate queries and keys. */
export interface RotaryConfig {
  readonly theta: number;
  /** The type's name in transformers: one of `rotaryTypes`, or one that is not implemented. */
  readonly type: string;
  /** Absent for `default`, and for types that are not implemented. */
  readonly scaling?: RotaryScaling;
  /** Which part of a head is rotated. */
  readonly partialFactor: number;
  /** The model's own number of positions. */
  readonly positions: number;
}

const partSchema = z.number().positive().max(1);
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
  partial_rotary_factor: partSchema.nullish(),
});

/**
 * config.json's fields about rotary positions, in the form of either version. A model with two kinds of layers may have
 * parameters for each.
 */
export const rotaryFields = {
  rope_theta: thetaSchema.nullish(),
  rope_scaling: parametersSchema.nullish(),
  rope_parameters: parametersSchema
    .extend({ full_attention: parametersSchema.nullish(), sliding_attention: parametersSchema.nullish() })
    .nullish(),
  partial_rotary_factor: partSchema.nullish(),
  original_max_position_embeddings: originalSchema.nullish(),
  max_position_embeddings: countSchema(MAX_CONTEXT_WINDOW),
};

type RotaryFields = z.infer<z.ZodObject<typeof rotaryFields>>;
type LayerKind = 'full_attention' | 'sliding_attention';

/** What holds if config.json says nothing else. */
export interface RotaryDefaults {
  readonly theta: number;
  readonly partialFactor?: number;
}

/**
 * Brings both forms into one, as transformers 5 does: `rope_scaling` takes precedence over `rope_parameters`, and a
 * theta inside them over the one outside.
 * @returns the configuration, or the problem with a field
 */
export function readRotary(fields: RotaryFields, defaults: RotaryDefaults = { theta: 10_000 }): RotaryConfig | z.core.$ZodIssue {
  const field = hasEntries(fields.rope_scaling) ? 'rope_scaling' : 'rope_parameters';
  return readParameters(
    fields,
    { path: [field], parameters: fields[field] ?? {} },
    { ...defaults, theta: fields.rope_theta ?? defaults.theta },
  );
}

/**
 * Reads the parameters of one kind of layers from `rope_parameters`, where transformers 5 has them. transformers 4 had
 * `rope_scaling`, which stretches only layers with full attention.
 * @returns the configuration, or the problem with a field
 */
export function readRotaryOf(kind: LayerKind, fields: RotaryFields, theta: number): RotaryConfig | z.core.$ZodIssue {
  const nested = fields.rope_parameters?.[kind];
  const isOldForm = kind === 'full_attention' && hasEntries(fields.rope_scaling);
  const own = isOldForm
    ? { path: ['rope_scaling'], parameters: { ...nested, ...fields.rope_scaling } }
    : { path: ['rope_parameters', kind], parameters: nested ?? {} };
  return readParameters(fields, own, { theta });
}

interface Parameters {
  readonly path: readonly string[];
  readonly parameters: z.infer<typeof parametersSchema>;
}

function readParameters(fields: RotaryFields, { path, parameters }: Parameters, defaults: RotaryDefaults): RotaryConfig | z.core.$ZodIssue {
  const positions = fields.max_position_embeddings;
  const rotary = {
    theta: parameters.rope_theta ?? defaults.theta,
    type: parameters.rope_type ?? parameters.type ?? 'default',
    partialFactor: parameters.partial_rotary_factor ?? fields.partial_rotary_factor ?? defaults.partialFactor ?? 1,
    positions,
  };
  if (!Object.hasOwn(SCALINGS, rotary.type)) return rotary;
  const original = fields.original_max_position_embeddings ?? parameters.original_max_position_embeddings ?? positions;
  const scaling = SCALINGS[rotary.type as ScalingType].safeParse({ ...parameters, original_max_position_embeddings: original });
  if (scaling.success) return { ...rotary, scaling: { type: rotary.type, ...scaling.data } as RotaryScaling };
  return { ...scaling.error.issues[0], path: [...path, ...scaling.error.issues[0].path] };
}

function hasEntries(value: object | null | undefined): boolean {
  return Object.keys(value ?? {}).length > 0;
}
