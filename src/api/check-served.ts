import { GptEdgeError } from '../core/errors.ts';
import { excerpt } from '../core/excerpt.ts';
import { parseVariantId } from '../core/folder/adapter-files.ts';

/** Whether a model stands among the served ones, or its base model does. */
export const isServed = (ids: readonly string[], id: string): boolean => ids.includes(id) || ids.includes(parseVariantId(id).base);

/**
 * Checks that a model is served.
 * @param ids of the served models
 * @throws GptEdgeError `model_not_found`, which names those that are served
 */
export function checkServed(ids: readonly string[], id: string): void {
  if (isServed(ids, id)) return;
  throw new GptEdgeError('model_not_found', `The model ${JSON.stringify(excerpt(id))} is not served here. Served: ${ids.join(', ')}.`, {
    param: 'model',
  });
}
