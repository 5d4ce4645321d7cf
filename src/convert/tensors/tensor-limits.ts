import { MAX_VOCABULARY } from '../../core/limits.ts';

/** Tensors in a checkpoint. GPT-2 XL has 580. Each costs a map entry here and a node in the graph. */
export const MAX_TENSORS = 65_536;
/** Length of a tensor's name. Names are repeated in messages and in the graph; real ones are shorter than 100. */
export const MAX_TENSOR_NAME = 256;
/** Size of one dimension. No dimension of a decoder is larger than a vocabulary. */
export const MAX_TENSOR_DIMENSION = MAX_VOCABULARY;
