import { InvalidArgumentError, Option } from 'commander';
import { MAX_CONTEXT_WINDOW } from '../core/limits.ts';
import { ADDED_MODELS, LOCAL_STATE } from '../local/project-paths.ts';
import { CACHE_FORMATS, ENGINES, type Engine, type EngineChoice } from '../runtime/engine-choice.ts';

/** Makes a parser for a number from `min` to `max`, a whole one unless `isWhole` is false. */
export const number =
  (min: number, max: number, isWhole = true) =>
  (text: string): number => {
    const value = Number(text);
    if (text.trim() === '' || !(value >= min && value <= max) || (isWhole && !Number.isInteger(value)))
      throw new InvalidArgumentError(`${isWhole ? 'A whole number' : 'A number'} from ${min} to ${max} is expected.`);
    return value;
  };

/** Parser of an option that may be repeated: collects its values in a list. */
const collect = (value: string, previous: string[] = []): string[] => [...previous, value];

/** Parser of `--var`: collects `KEY=VALUE` pairs in a record. */
const collectVar = (text: string, previous: Record<string, string> = {}): Record<string, string> => {
  const [, key, value] = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s.exec(text) ?? [];
  if (key === undefined) throw new InvalidArgumentError('KEY=VALUE is expected.');
  return { ...previous, [key]: value };
};

/** `--model`, repeatable. `purpose` completes "a model folder to ...". */
export const modelOption = (purpose: string): Option =>
  new Option('--model <folder>', `a model folder to ${purpose}, repeatable; the first is the default model`).argParser(collect);

export const varOption = (): Option => new Option('--var <KEY=VALUE>', 'a variable for the Worker, repeatable').argParser(collectVar);

export const engineOption = (): Option =>
  new Option('--engine <engine>', 'what runs models: edge, ort (onnxruntime-web), or auto: edge for models that it can run').choices(
    ENGINES,
  );

export const kvCacheOption = (): Option =>
  new Option('--kv-cache <format>', 'how the edge engine keeps keys and values: f32, q8, or auto: f32 if it fits').choices(CACHE_FORMATS);

export const contextOption = (): Option =>
  new Option('--context <n>', "tokens of the context window; default: the model's own, or as many as fit").argParser(
    number(1, MAX_CONTEXT_WINDOW),
  );

export const edgeOnlyOption = (): Option =>
  new Option('--edge-only', 'a Worker without onnxruntime-web, for models that the edge engine runs');

export const keepTokensOption = (): Option =>
  new Option('--keep-tokens <files...>', 'texts whose tokens are kept; of the others, only those are that any text can be made of');

/** Reads the texts of `--keep-tokens`. */
export async function readTexts(paths: readonly string[] | undefined): Promise<string[] | undefined> {
  const { readText } = await import('../local/evaluate/read-text.ts');
  return paths === undefined ? undefined : Promise.all(paths.map(readText));
}

export const modelsOption = (): Option => new Option('--models <folder>', 'the folder of added models').default(ADDED_MODELS, 'models');

export const persistToOption = (): Option =>
  new Option('--persist-to <folder>', 'folder of the local bucket').default(LOCAL_STATE, '.wrangler/state');

export const remoteOption = (): Option => new Option('--remote', 'use the real bucket, in the account that wrangler is logged in to');

/** What the options of this name were set to on the command line. */
export interface EngineOptions {
  engine?: Engine;
  kvCache?: EngineChoice['cacheFormat'];
  context?: number;
}

/** The Worker's variables for `--engine`, `--kv-cache` and `--context`; an option that was not given sets no variable. */
export function engineVars({ engine, kvCache, context }: EngineOptions): Record<string, string> {
  const vars = { ENGINE: engine, KV_CACHE: kvCache, CONTEXT: context?.toString() };
  return Object.fromEntries(Object.entries(vars).filter((pair): pair is [string, string] => pair[1] !== undefined));
}
