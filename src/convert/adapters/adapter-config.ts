import { z } from 'zod';
import { GptEdgeError } from '../../core/errors.ts';
import { invalidFile, showText } from '../../core/invalid-file.ts';
import { MAX_ADAPTER_RANK, MAX_CONFIG_BYTES, MAX_LAYERS } from '../../core/limits.ts';
import { readJson } from '../files/json-files.ts';
import { readBounded } from '../files/read-bounded.ts';
import { namePattern } from './name-pattern.ts';

/** The file that makes a folder one of PEFT's adapters. */
export const ADAPTER_CONFIG = 'adapter_config.json';

const MAX_NAMES = 4096;
const rankSchema = z.number().int().min(1).max(MAX_ADAPTER_RANK);
const alphaSchema = z.number().min(-1e6).max(1e6);
const namesSchema = z.array(z.string().max(256)).max(MAX_NAMES);
const patternsSchema = <T extends z.ZodType>(value: T) =>
  z
    .record(z.string(), value)
    .refine((patterns) => Object.keys(patterns).length <= MAX_NAMES, `more than ${MAX_NAMES} patterns`)
    .nullish()
    .transform((patterns) => patterns ?? {});

const schema = z.looseObject({
  peft_type: z.string(),
  task_type: z.string().nullish(),
  base_model_name_or_path: z.string().nullish(),
  r: rankSchema,
  lora_alpha: alphaSchema,
  use_rslora: z.boolean().default(false),
  rank_pattern: patternsSchema(rankSchema),
  alpha_pattern: patternsSchema(alphaSchema),
  target_modules: z.union([z.string(), namesSchema]).nullish(),
  exclude_modules: z.union([z.string(), namesSchema]).nullish(),
  layers_to_transform: z
    .union([
      z.number().int().min(0),
      z
        .array(
          z
            .number()
            .int()
            .min(0)
            .max(MAX_LAYERS - 1),
        )
        .max(MAX_LAYERS),
    ])
    .nullish(),
  layers_pattern: z.union([z.string(), namesSchema]).nullish(),
  init_lora_weights: z.union([z.boolean(), z.string()]).default(true),
});

/** What an adapter's configuration says, for those fields that the converter follows. */
export type AdapterConfig = z.infer<typeof schema>;

/** Fields that change nothing about the product of both matrices, whatever they hold. */
const WITHOUT_EFFECT = [
  'auto_mapping',
  'peft_version',
  'revision',
  'inference_mode',
  'lora_dropout',
  // PEFT sets it itself to what a module needs. The matrices of an adapter are stored alike either way.
  'fan_in_fan_out',
  'megatron_core',
  'qalora_group_size',
  'runtime_config',
  'ephemeral_gpu_offload',
  // How the matrices began, before they were trained.
  'loftq_config',
  'eva_config',
  'corda_config',
  'lora_ga_config',
];
/** Ways to begin that leave the weights of the base model as they are. All others change them too. */
const PLAIN_BEGINNINGS = [true, false, 'gaussian', 'eva', 'orthogonal'];

/**
 * Reads adapter_config.json, and refuses by name what is more than the product of two matrices.
 * @throws GptEdgeError `invalid_file` for a field that is missing or has an invalid value, `unsupported_model` for one
 *   that asks for what is not implemented
 */
export async function readAdapterConfig(folder: string): Promise<AdapterConfig> {
  const bytes = await readBounded(folder, { name: ADAPTER_CONFIG, maxBytes: MAX_CONFIG_BYTES, required: true });
  const json = readJson({ files: new Map([[ADAPTER_CONFIG, bytes!]]) }, ADAPTER_CONFIG);
  if (json.peft_type !== 'LORA')
    throw unsupported(`peft_type ${JSON.stringify(json.peft_type)?.slice(0, 80)}: adapters of type LORA are read`);
  const parsed = schema.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw invalidFile(ADAPTER_CONFIG, `${issue?.path.join('.') || 'value'}: ${issue?.message}`);
  }
  refuseOthers(parsed.data);
  return parsed.data;
}

function refuseOthers(config: AdapterConfig): void {
  const { task_type: task, init_lora_weights: beginning, bias, modules_to_save: saved } = config;
  if (task != null && task !== 'CAUSAL_LM') throw unsupported(`task_type ${showText(task)}: adapters of type CAUSAL_LM are read`);
  if (Array.isArray(saved) && saved.length > 0)
    throw unsupported(`modules_to_save ${showText(saved.join(', '))}: ${MERGE}; an adapter holds whole modules besides its matrices`);
  if (bias !== undefined && bias !== 'none') throw unsupported(`bias ${JSON.stringify(bias)?.slice(0, 80)}: ${MERGE}; only "none" is read`);
  if (!PLAIN_BEGINNINGS.includes(beginning))
    throw unsupported(
      `init_lora_weights ${showText(String(beginning))}: the adapter was trained on a base model with other weights: save it with path_initial_model_for_weight_conversion, or merge it`,
    );
  for (const [field, value] of Object.entries(config)) {
    if (field in schema.shape || ['bias', 'modules_to_save', ...WITHOUT_EFFECT].includes(field) || isNothing(value)) continue;
    throw unsupported(`${showText(field)} ${JSON.stringify(value).slice(0, 80)}: ${MERGE}`);
  }
}

const MERGE = 'this is not implemented: merge the adapter into its model (merge_and_unload in PEFT), and convert that';

const isNothing = (value: unknown): boolean =>
  value === null || value === false || value === '' || (typeof value === 'object' && Object.keys(value).length === 0);

const unsupported = (problem: string): GptEdgeError =>
  new GptEdgeError('unsupported_model', `${ADAPTER_CONFIG}: ${problem}`, { param: ADAPTER_CONFIG });

/**
 * What a module's product is multiplied by, and the rank of its matrices.
 * @param module its whole name in the base model
 */
export function moduleSettings(config: AdapterConfig, module: string): { rank: number; scale: number } {
  const rank = byPattern(config.rank_pattern, 'rank_pattern', module) ?? config.r;
  const alpha = byPattern(config.alpha_pattern, 'alpha_pattern', module) ?? config.lora_alpha;
  return { rank, scale: alpha / (config.use_rslora ? Math.sqrt(rank) : rank) };
}

/** The value of the first key that matches the end of a name, from a dot on. */
function byPattern(patterns: Readonly<Record<string, number>>, field: string, module: string): number | undefined {
  const matches = (key: string) => namePattern(key, (pattern) => `^(?:.*\\.)?(?:${pattern})$`, ADAPTER_CONFIG, field)(module);
  const key = Object.keys(patterns).find(matches);
  return key === undefined ? undefined : patterns[key];
}
