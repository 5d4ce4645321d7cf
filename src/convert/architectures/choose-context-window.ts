import { GptEdgeError } from '../../core/errors.ts';

/**
 * The positions that a model folder keeps: all that the model has, or the fewer that were asked for.
 * @param model config.json's field for the model's positions, and its value
 * @throws GptEdgeError `invalid_value` for more than the model has
 */
export function chooseContextWindow(asked: number | undefined, model: { field: string; value: number }): number {
  if (asked === undefined || asked <= model.value) return asked ?? model.value;
  const message = `contextWindow ${asked} is over the model's ${model.field} of ${model.value}`;
  throw new GptEdgeError('invalid_value', message, { param: 'contextWindow' });
}
