import { Float16Array, f16round } from '@petamoriken/float16';
import { GptEdgeError } from '../../core/errors.ts';
import { ElementType } from '../graph/graph-builder.ts';
import { floatDtype } from './float-dtype.ts';

/** Half the bytes of float32; matrices are rounded to the nearest float16. */
export const float16 = floatDtype({
  name: 'fp16',
  elementType: ElementType.FLOAT16,
  encode(values, name) {
    const broken = values.findIndex((value) => !Number.isFinite(f16round(value)));
    if (broken >= 0) {
      const message = `${name}: value ${broken} is ${values[broken]}, beyond float16's limit of 65504; convert to fp32 instead`;
      throw new GptEdgeError('unsupported_model', message, { param: 'dtype' });
    }
    return new Uint16Array(new Float16Array(values).buffer);
  },
  isExact: (values) => values.every((value) => f16round(value) === value),
});
