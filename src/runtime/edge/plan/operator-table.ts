import { fastGelu, gelu, relu, sigmoid, tanh } from './operators/activations.ts';
import { add, multiply } from './operators/elementwise.ts';
import { gather, gatherBlockQuantized } from './operators/gather.ts';
import { groupQueryAttention } from './operators/group-query-attention.ts';
import { fusedMatMul, matMul, matMulNBits } from './operators/mat-mul.ts';
import {
  layerNormalization,
  simplifiedLayerNormalization,
  skipLayerNormalization,
  skipSimplifiedLayerNormalization,
} from './operators/norms.ts';
import type { Operator } from './operators/operator.ts';
import { cast, constant, identity, reshape, shape, slice, split, transpose } from './operators/shapes.ts';

/**
 * The operators that this engine knows, by domain and name. Arithmetic that only concerns integers is in
 * operators/integers.ts.
 */
export const OPERATORS: Readonly<Record<string, Operator>> = {
  Add: add,
  Cast: cast,
  Constant: constant,
  Gather: gather,
  Gelu: gelu,
  Identity: identity,
  LayerNormalization: layerNormalization,
  MatMul: matMul,
  Mul: multiply,
  Relu: relu,
  Reshape: reshape,
  Shape: shape,
  Sigmoid: sigmoid,
  // This is ONNX Runtime's own operator, although it is in the standard domain.
  SimplifiedLayerNormalization: simplifiedLayerNormalization,
  Slice: slice,
  Split: split,
  Tanh: tanh,
  Transpose: transpose,
  'com.microsoft.FastGelu': fastGelu,
  'com.microsoft.FusedMatMul': fusedMatMul,
  'com.microsoft.GatherBlockQuantized': gatherBlockQuantized,
  'com.microsoft.Gelu': gelu,
  'com.microsoft.GroupQueryAttention': groupQueryAttention,
  'com.microsoft.MatMulNBits': matMulNBits,
  'com.microsoft.SkipLayerNormalization': skipLayerNormalization,
  'com.microsoft.SkipSimplifiedLayerNormalization': skipSimplifiedLayerNormalization,
};
