import { quantizeWithZeroPoint } from '../quantize/quantize-with-zero-point.ts';
import { quantizedDtype } from './quantized-dtype.ts';

export const quantized4 = quantizedDtype({ name: 'q4', bits: 4, quantize: quantizeWithZeroPoint });
