import { GptEdgeError } from '../errors.ts';

/**
 * The error for a manifest that states what is not so. Whoever made it by hand, or pushed it without the files that it
 * describes, reads which field it is.
 * @param by what was found to say otherwise: graph, config.json, …
 */
export function falseManifest(field: string, stated: unknown, by: string, found: unknown): GptEdgeError {
  const show = (value: unknown) => (value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 100));
  const message = `manifest.json is false: ${field} is ${show(stated)}, and by ${by} it is ${show(found)}. Convert the model again.`;
  return new GptEdgeError('model_unavailable', message, { param: 'model' });
}
