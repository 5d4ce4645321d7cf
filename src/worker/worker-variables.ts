import { modelIdSchema } from '../core/folder/manifest.ts';
import { DEFAULT_MEMORY_LIMIT_MB } from '../core/memory-plan.ts';
import { CACHE_FORMATS, ENGINES, type EngineChoice } from '../runtime/engine-choice.ts';

/**
 * Parses the variable MODEL_IDS: the ids of the served models, separated by commas.
 * @throws Error for an invalid id, or if there is none
 */
export function parseModelIds(text: string): string[] {
  const ids = text
    .split(',')
    .map((id) => id.trim())
    .filter((id) => id !== '');
  const wrong = ids.find((id) => !modelIdSchema.safeParse(id).success);
  if (ids.length === 0 || wrong !== undefined)
    throw new Error(`MODEL_IDS must name models with commas between, not ${JSON.stringify(wrong ?? text)}.`);
  return [...new Set(ids)];
}

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
 * Parses the variables ENGINE and KV_CACHE. Each holds one value for all models, or `value,id=value,…` with other
 * values for some of them.
 * @param ids the served models
 * @returns the choice for each model by its id
 * @throws Error for an invalid value, or a model that is not served
 */
export function parseEngines(engine: string | undefined, cache: string | undefined, ids: readonly string[]): (id: string) => EngineChoice {
  const engines = parseChoices('ENGINE', engine, ENGINES, ids);
  const formats = parseChoices('KV_CACHE', cache, CACHE_FORMATS, ids);
  return (id) => ({ engine: engines(id), cacheFormat: formats(id) });
}

function parseChoices<T extends string>(
  variable: string,
  text: string | undefined,
  values: readonly T[],
  ids: readonly string[],
): (id: string) => T {
  const choices = new Map<string, T>();
  for (const part of (text ?? '').split(',').filter((part) => part.trim() !== '')) {
    const [key, value] = part.includes('=') ? part.split('=', 2).map((word) => word.trim()) : ['', part.trim()];
    if (!values.includes(value as T)) throw new Error(`${variable} must be ${values.join(', ')}, not ${JSON.stringify(value)}.`);
    if (key !== '' && !ids.includes(key)) throw new Error(`${variable} names the model ${JSON.stringify(key)}, which MODEL_IDS does not.`);
    choices.set(key, value as T);
  }
  return (id) => choices.get(id) ?? choices.get('') ?? values[0];
}
