import { z } from 'zod';
import { GptEdgeError } from '../errors.ts';
import { showText } from '../invalid-file.ts';

/**
 * What a model recommends for choosing tokens. An option that is absent or off is left out, or has its neutral value.
 */
export interface RecommendedSampling {
  readonly temperature?: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly minP?: number;
  readonly repetitionPenalty?: number;
}

/** One option, by the name that Hugging Face's generation_config.json gives it. */
interface RecommendedOption {
  readonly field: keyof RecommendedSampling;
  readonly expected: string;
  isValid(value: number): boolean;
  /** The value that turns the option off here, for the values that turn it off in the file. */
  readonly off?: { readonly values: readonly number[]; readonly value: number };
}

/** The options that are read. Everything else in the file is for other programs. */
const OPTIONS: Readonly<Record<string, RecommendedOption>> = {
  temperature: { field: 'temperature', expected: 'a number from 0 to 100', isValid: (value) => value >= 0 && value <= 100 },
  top_k: {
    field: 'topK',
    expected: 'a whole number, of which 0 and -1 keep all tokens',
    isValid: (value) => Number.isSafeInteger(value) && value >= -1,
    off: { values: [-1], value: 0 },
  },
  top_p: {
    field: 'topP',
    expected: 'a number from 0 to 1, of which 0 and 1 keep all tokens',
    isValid: (value) => value >= 0 && value <= 1,
    off: { values: [0], value: 1 },
  },
  min_p: { field: 'minP', expected: 'a number from 0 to 1', isValid: (value) => value >= 0 && value <= 1 },
  repetition_penalty: {
    field: 'repetitionPenalty',
    expected: 'a number above 0, of which 1 changes nothing',
    isValid: (value) => value > 0 && Number.isFinite(value),
  },
};

/** The names of the options, as generation_config.json and SAMPLING write them. */
export const SAMPLING_NAMES: readonly string[] = Object.keys(OPTIONS);

const tokenId = z.number().int().min(0);
const tokensSchema = z.looseObject({
  bos_token_id: tokenId.nullish(),
  eos_token_id: z.union([tokenId, z.array(tokenId)]).nullish(),
});

/**
 * Reads the sampling options that a generation_config.json recommends. Converter and Worker both read it here, so that
 * the one refuses what the other would.
 * @throws GptEdgeError `unsupported_model`, naming the file, the field, its value and what is allowed
 */
export function parseGenerationConfig(bytes: Uint8Array): RecommendedSampling {
  const config = parseObject(bytes, 'generation_config.json');
  const doSample = config.do_sample ?? null;
  if (doSample !== null && typeof doSample !== 'boolean') throw refused('generation_config.json', 'do_sample', doSample, 'true or false');
  const given = Object.keys(OPTIONS).filter((name) => (config[name] ?? null) !== null);
  const options = readOptions(
    given.map((name) => [name, config[name]]),
    (name, value, expected) => refused('generation_config.json', name, value, expected),
  );
  // This is how transformers says: choose the most probable token.
  return doSample === false ? { ...options, temperature: 0 } : options;
}

/** What a model's files say about the tokens that begin and end a text. */
export interface SequenceTokens {
  readonly eosTokenIds: readonly number[];
  readonly bosTokenId: number | null;
}

/**
 * Reads the tokens that begin and end a text from generation_config.json, or from config.json where that says nothing.
 * @param files the bytes of both files; a file that is missing says nothing
 * @throws GptEdgeError `invalid_file` if a file states a token id that is not a count
 */
export function parseSequenceTokens(files: { readonly generation?: Uint8Array; readonly config?: Uint8Array }): SequenceTokens {
  const generation = parseTokens(files.generation, 'generation_config.json');
  const config = parseTokens(files.config, 'config.json');
  const eos = generation.eos_token_id ?? config.eos_token_id ?? [];
  return { eosTokenIds: typeof eos === 'number' ? [eos] : eos, bosTokenId: generation.bos_token_id ?? config.bos_token_id ?? null };
}

/**
 * Reads options as people write them: `temperature=0.2,top_p=0.9`.
 * @param separator what stands between two options
 * @returns the options by their names, each with a value that parseGenerationConfig takes
 * @throws Error, naming the option, its value and what is allowed
 */
export function parseSamplingText(text: string, separator: string): Record<string, number> {
  const options: Record<string, number> = {};
  for (const part of text.split(separator).filter((part) => part.trim() !== '')) {
    const [, name, value] = /^\s*([^=\s]+)\s*=\s*(\S+)\s*$/.exec(part) ?? [];
    if (name === undefined) throw new Error(`${showText(part.trim())} is not of the form name=value.`);
    if (!Object.hasOwn(OPTIONS, name)) throw new Error(`${showText(name)} is not one of ${SAMPLING_NAMES.join(', ')}.`);
    options[name] = Number(value);
    if (!OPTIONS[name].isValid(options[name])) throw new Error(`${name} must be ${OPTIONS[name].expected}, not ${showText(value)}.`);
  }
  return options;
}

/** Turns options by their names in the file, which parseSamplingText has checked, into our own. */
export function toRecommendedSampling(options: Readonly<Record<string, number>>): RecommendedSampling {
  return readOptions(Object.entries(options), (name, _, expected) => new Error(`${name} must be ${expected}.`));
}

function readOptions(given: readonly [name: string, value: unknown][], fail: (name: string, value: unknown, expected: string) => Error) {
  const options: Partial<Record<keyof RecommendedSampling, number>> = {};
  for (const [name, value] of given) {
    const { field, expected, isValid, off } = OPTIONS[name];
    if (typeof value !== 'number' || !isValid(value)) throw fail(name, value, expected);
    options[field] = off?.values.includes(value) ? off.value : value;
  }
  return options as RecommendedSampling;
}

function parseTokens(bytes: Uint8Array | undefined, file: string): z.infer<typeof tokensSchema> {
  const parsed = tokensSchema.safeParse(bytes === undefined ? {} : parseObject(bytes, file));
  if (parsed.success) return parsed.data;
  const [{ path, message }] = parsed.error.issues;
  throw new GptEdgeError('invalid_file', `${file}: ${path.join('.')}: ${message}`, { param: file });
}

function parseObject(bytes: Uint8Array, file: string): Record<string, unknown> {
  const fail = (problem: string, cause?: unknown) => new GptEdgeError('unsupported_model', `${file}: ${problem}`, { param: file, cause });
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes));
  } catch (cause) {
    throw fail('is not JSON in UTF-8', cause);
  }
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as Record<string, unknown>;
  throw fail('is not a JSON object');
}

function refused(file: string, name: string, value: unknown, expected: string): GptEdgeError {
  const shown = typeof value === 'number' ? String(value) : showText(JSON.stringify(value) ?? '').slice(0, 100);
  return new GptEdgeError('unsupported_model', `${file}: ${name} is ${shown}, and must be ${expected}`, { param: file });
}
