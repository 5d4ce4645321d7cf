import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { GptEdgeError } from '../core/errors.ts';
import { excerpt } from '../core/excerpt.ts';
import { modelIdSchema } from '../core/folder/manifest.ts';
import { readModelFolder } from './model-folder.ts';

/** Models that a folder of models may hold. Each is opened and planned when the Worker is started. */
const MAX_MODELS = 64;

/**
 * Returns the paths of the model folders in a folder of models, by name. A folder that does not exist holds none.
 * @throws GptEdgeError `invalid_value` if there are more than MAX_MODELS
 */
export async function addedModels(models: string): Promise<string[]> {
  const entries = await readdir(models, { withFileTypes: true }).catch(() => []);
  // What begins with a dot or has another ending is no id: a conversion that was interrupted may have left it.
  const names = entries.filter((entry) => entry.isDirectory() && isComplete(entry.name)).map(({ name }) => name);
  if (names.length > MAX_MODELS)
    throw new GptEdgeError(
      'invalid_value',
      `${models} holds ${names.length} models, over the limit of ${MAX_MODELS}. gpt-edge remove removes one.`,
    );
  return names.sort().map((name) => join(models, name));
}

const isComplete = (name: string): boolean => modelIdSchema.safeParse(name).success && !/\.partial-[0-9a-f-]{36}(-old)?$/.test(name);

/**
 * Removes a model from a folder of models.
 * @returns what its manifest says of its source; undefined if it has no valid manifest
 * @throws GptEdgeError `invalid_value`, naming those that are there, if it is not there
 */
export async function removeModel(models: string, id: string): Promise<string | undefined> {
  const there = await addedModels(models);
  const path = join(models, id);
  if (there.includes(path)) {
    const source = await readModelFolder(path).then(
      ({ manifest }) => manifest.source,
      () => undefined,
    );
    await rm(path, { recursive: true });
    return source;
  }
  const names = there.map((folder) => folder.slice(models.length + 1));
  throw new GptEdgeError(
    'invalid_value',
    `There is no model ${JSON.stringify(excerpt(id))} in ${models}. ${names.length > 0 ? `There are ${names.join(', ')}.` : 'gpt-edge add puts one there.'}`,
    { param: 'id' },
  );
}
