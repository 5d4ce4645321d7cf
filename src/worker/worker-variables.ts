import { adapterFiles, parseVariantId } from '../core/folder/adapter-files.ts';
import { parseSamplingText, type RecommendedSampling, toRecommendedSampling } from '../core/folder/generation-config.ts';
import { modelIdSchema } from '../core/folder/manifest.ts';
import { MAX_CONTEXT_WINDOW } from '../core/limits.ts';
import { DEFAULT_MEMORY_LIMIT_MB } from '../core/memory-plan.ts';
import { DEFAULT_MAX_WORK } from '../generation/check-work.ts';
import { MAX_CPU_BUDGET_MS } from '../generation/cpu-allowance.ts';
import { DEFAULT_QUEUE_LIMIT, DEFAULT_QUEUE_SECONDS, type SchedulerOptions } from '../generation/scheduler/scheduler.ts';
import { CACHE_FORMATS, ENGINES, type EngineChoice } from '../runtime/engine-choice.ts';

/**
 * Parses the variable MODEL_IDS: the ids of the served models, separated by commas. `model` is served with each of its
 * adapters too, and `model:adapter` with this one only.
 * @throws Error for an invalid id, or if there is none
 */
export function parseModelIds(text: string): string[] {
  const ids = text
    .split(',')
    .map((id) => id.trim())
    .filter((id) => id !== '');
  const wrong = ids.find((id) => !isServable(id));
  if (ids.length === 0 || wrong !== undefined)
    throw new Error(`MODEL_IDS must be model ids with commas between them, not ${JSON.stringify(wrong ?? text)}.`);
  return [...new Set(ids)];
}

/** Whether an id may name a model, or a model with an adapter. */
function isServable(id: string): boolean {
  const { base, adapter } = parseVariantId(id);
  return modelIdSchema.safeParse(base).success && (adapter === undefined || adapterFiles(adapter) !== undefined);
}

/** The ids of the models themselves among ids of which some name an adapter too. */
export const baseIds = (ids: readonly string[]): string[] => [...new Set(ids.map((id) => parseVariantId(id).base))];

/**
 * Parses the variable MEMORY_LIMIT_MB: the megabytes that a model may need.
 * @throws Error unless it is a positive number
 */
export function parseMemoryLimit(text: string | undefined): number {
  const megabytes = Number(text ?? DEFAULT_MEMORY_LIMIT_MB);
  if (text?.trim() === '' || !(megabytes > 0 && Number.isFinite(megabytes)))
    throw new Error(`MEMORY_LIMIT_MB must be a number of megabytes, not ${JSON.stringify(text)}.`);
  return megabytes;
}

/**
 * Parses the variable MAX_WORK: the multiply-adds that one request may ask for.
 * @throws Error unless it is a positive number
 */
export function parseMaxWork(text: string | undefined): number {
  const multiplyAdds = Number(text ?? DEFAULT_MAX_WORK);
  if (text?.trim() === '' || !(multiplyAdds > 0 && Number.isFinite(multiplyAdds)))
    throw new Error(`MAX_WORK must be a number of multiply-adds, such as 2e12, not ${JSON.stringify(text)}.`);
  return multiplyAdds;
}

/**
 * Parses the variable CPU_BUDGET_MS: the milliseconds of CPU time that the platform gives a request.
 * @returns undefined for `unlimited`, or if it is not set
 * @throws Error unless it is a number from 1 to 300,000
 */
export function parseCpuBudget(text: string | undefined): number | undefined {
  if (text === undefined || text === 'unlimited') return undefined;
  const milliseconds = Number(text);
  if (text.trim() === '' || !(milliseconds >= 1 && milliseconds <= MAX_CPU_BUDGET_MS))
    throw new Error(
      `CPU_BUDGET_MS must be a number of milliseconds from 1 to ${MAX_CPU_BUDGET_MS}, or unlimited, not ${JSON.stringify(text)}.`,
    );
  return milliseconds;
}

/** Seconds for which a stored answer is kept: an hour. */
const DEFAULT_SESSION_SECONDS = 3600;
/** A month: longer than an answer is of use whose client has lost its connection. */
const MAX_SESSION_SECONDS = 30 * 86_400;

/**
 * Parses the variable SESSION_SECONDS: for how long an answer with `store` is kept after its end.
 * @throws Error unless it is a number from 1 to 2,592,000
 */
export function parseSessionSeconds(text: string | undefined): number {
  const seconds = Number(text ?? DEFAULT_SESSION_SECONDS);
  if (text?.trim() === '' || !(seconds >= 1 && seconds <= MAX_SESSION_SECONDS))
    throw new Error(`SESSION_SECONDS must be a number of seconds from 1 to ${MAX_SESSION_SECONDS}, not ${JSON.stringify(text)}.`);
  return seconds;
}

/** The variables that say how models are run. */
export interface EngineVariables {
  readonly ENGINE?: string;
  readonly KV_CACHE?: string;
  readonly CONTEXT?: string;
}

/**
 * Parses the variables ENGINE, KV_CACHE and CONTEXT. Each holds one value for all models, or `value,id=value,…` with
 * other values for some of them.
 * @param ids the served models
 * @returns the choice for each model by its id
 * @throws Error for an invalid value, or a model that is not served
 */
export function parseEngines({ ENGINE, KV_CACHE, CONTEXT }: EngineVariables, ids: readonly string[]): (id: string) => EngineChoice {
  const engines = parseChoices('ENGINE', ENGINE, oneOf(ENGINES), ids);
  const formats = parseChoices('KV_CACHE', KV_CACHE, oneOf(CACHE_FORMATS), ids);
  const windows = parseChoices('CONTEXT', CONTEXT, WINDOW, ids);
  return (id) => {
    const contextWindow = windows(id);
    return { engine: engines(id), cacheFormat: formats(id), ...(contextWindow === 'auto' ? {} : { contextWindow }) };
  };
}

/** The variables that say how the requests of a model share it. */
export interface SchedulingVariables {
  readonly QUEUE_LIMIT?: string;
  readonly QUEUE_SECONDS?: string;
  readonly SPECULATE?: string;
}

/**
 * Parses the variables QUEUE_LIMIT, QUEUE_SECONDS and SPECULATE.
 * @throws Error unless they are a whole number, a number and `auto` or `off`
 */
export function parseScheduling({ QUEUE_LIMIT, QUEUE_SECONDS, SPECULATE = 'auto' }: SchedulingVariables): Required<SchedulerOptions> {
  const queueLimit = Number(QUEUE_LIMIT ?? DEFAULT_QUEUE_LIMIT);
  if (QUEUE_LIMIT?.trim() === '' || !(Number.isSafeInteger(queueLimit) && queueLimit >= 0))
    throw new Error(`QUEUE_LIMIT must be a number of requests, not ${JSON.stringify(QUEUE_LIMIT)}.`);
  const queueSeconds = Number(QUEUE_SECONDS ?? DEFAULT_QUEUE_SECONDS);
  if (QUEUE_SECONDS?.trim() === '' || !(queueSeconds >= 0 && Number.isFinite(queueSeconds)))
    throw new Error(`QUEUE_SECONDS must be a number of seconds, not ${JSON.stringify(QUEUE_SECONDS)}.`);
  if (SPECULATE !== 'auto' && SPECULATE !== 'off') throw new Error(`SPECULATE must be auto or off, not ${JSON.stringify(SPECULATE)}.`);
  return { queueLimit, queueSeconds, speculates: SPECULATE === 'auto' };
}

/**
 * Parses the variable SAMPLING: options that replace what models recommend. They hold for all models, or, as
 * `id=temperature=0.5;top_k=40`, for one; there they stand before those for all.
 * @param ids the served models
 * @returns the options for each model by its id
 * @throws Error for an unknown option, a value out of its range, or a model that is not served
 */
export function parseSampling(text: string | undefined, ids: readonly string[]): (id: string) => RecommendedSampling {
  const choices = new Map<string, Record<string, number>>();
  for (const part of (text ?? '').split(',').filter((part) => part.trim() !== '')) {
    const [, key = '', options = part] = /^\s*([^=;]*?)\s*=([^;]*=.*)$/s.exec(part) ?? [];
    if (key !== '' && !ids.includes(key)) throw new Error(`SAMPLING names the model ${JSON.stringify(key)}, which MODEL_IDS does not.`);
    choices.set(key, { ...choices.get(key), ...parseOptions(options) });
  }
  return (id) => toRecommendedSampling({ ...choices.get(''), ...choices.get(id) });
}

function parseOptions(text: string): Record<string, number> {
  try {
    return parseSamplingText(text, ';');
  } catch (error) {
    throw new Error(`SAMPLING: ${(error as Error).message}`);
  }
}

/** The values that a variable may have. */
interface Values<T> {
  readonly initial: T;
  /** What is said of a value that `parse` does not know. */
  readonly expected: string;
  readonly parse: (text: string) => T | undefined;
}

const oneOf = <T extends string>(values: readonly T[]): Values<T> => ({
  initial: values[0],
  expected: values.join(', '),
  parse: (text) => values.find((value) => value === text),
});

/** As many positions as fit, or a number of them. */
const WINDOW: Values<'auto' | number> = {
  initial: 'auto',
  expected: `auto or a whole number from 1 to ${MAX_CONTEXT_WINDOW}`,
  parse: (text) => {
    const positions = Number(text);
    if (text === 'auto') return text;
    return Number.isInteger(positions) && positions >= 1 && positions <= MAX_CONTEXT_WINDOW ? positions : undefined;
  },
};

function parseChoices<T>(
  variable: string,
  text: string | undefined,
  { initial, expected, parse }: Values<T>,
  ids: readonly string[],
): (id: string) => T {
  const choices = new Map<string, T>();
  for (const part of (text ?? '').split(',').filter((part) => part.trim() !== '')) {
    const [key, word] = part.includes('=') ? part.split('=', 2).map((word) => word.trim()) : ['', part.trim()];
    const value = parse(word);
    if (value === undefined) throw new Error(`${variable} must be ${expected}, not ${JSON.stringify(word)}.`);
    if (key !== '' && !ids.includes(key)) throw new Error(`${variable} names the model ${JSON.stringify(key)}, which MODEL_IDS does not.`);
    choices.set(key, value);
  }
  return (id) => choices.get(id) ?? choices.get('') ?? initial;
}
