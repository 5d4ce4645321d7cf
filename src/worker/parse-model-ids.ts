import { modelIdSchema } from '../core/folder/manifest.ts';

/**
 * The variable MODEL_IDS: ids with commas between.
 * @throws Error where there is none, or one that is no model id
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
