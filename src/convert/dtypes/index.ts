import { GptEdgeError } from '../../model/errors.ts';
import type { Dtype } from './dtype.ts';
import { float16 } from './float16.ts';
import { float32 } from './float32.ts';

const DTYPES: readonly Dtype[] = [float32, float16];

/** Names of the ways to store weights, as `convertModel` takes them. */
export const dtypeNames: readonly string[] = DTYPES.map(({ name }) => name);

/** @throws GptEdgeError `invalid_value` for a name that is none of `dtypeNames` */
export function findDtype(name: string): Dtype {
  const dtype = DTYPES.find((candidate) => candidate.name === name);
  if (!dtype)
    throw new GptEdgeError('invalid_value', `dtype ${JSON.stringify(name)} is none of ${dtypeNames.join(', ')}`, { param: 'dtype' });
  return dtype;
}
