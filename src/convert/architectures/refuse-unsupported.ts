import { GptEdgeError } from '../../core/errors.ts';

/** A setting of config.json and the values of it that are implemented. */
export interface Setting {
  readonly field: string;
  readonly value: unknown;
  readonly supported: readonly unknown[];
}

/** @throws GptEdgeError `unsupported_model` for the first setting that has no supported value, naming both */
export function refuseUnsupported(modelType: string, settings: readonly Setting[]): void {
  const refused = settings.find(({ value, supported }) => !supported.includes(value));
  if (!refused) return;
  const value = JSON.stringify(refused.value)?.slice(0, 80);
  const message = `config.json: ${refused.field} ${value} is not supported for ${modelType}; supported: ${refused.supported.join(', ')}`;
  throw new GptEdgeError('unsupported_model', message, { param: 'config.json' });
}
