import { ElementType } from '../graph/graph-builder.ts';
import { floatDtype } from './float-dtype.ts';

/** Weights as they are computed with. */
export const float32 = floatDtype({
  name: 'fp32',
  elementType: ElementType.FLOAT,
  encode: (values) => values,
  isExact: () => true,
});
