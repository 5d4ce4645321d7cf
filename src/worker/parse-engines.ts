import { CACHE_FORMATS, ENGINES, type EngineChoice } from '../runtime/engine-choice.ts';

/**
 * The variables ENGINE and KV_CACHE: one value for all models, or `value,id=value,…` with others for some of them.
 * @throws Error for a value that is none, or a model that is not served
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
