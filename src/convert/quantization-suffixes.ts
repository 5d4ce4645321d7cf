/**
 * What publishers append to a model's name for the way in which its weights are stored: llama.cpp's file types, with
 * the sizes that some add, and the dtypes of transformers.js.
 */
const SUFFIXES = [
  // F16, BF16, FP32
  'b?fp?(?:16|32)',
  // Q4_0, Q4_1, Q8_0, Q4_0_4_8
  'q[2-8]_[01](?:_[48]_[48])?',
  // Q2_K, Q4_K_M, Q3_K_XL
  'q[2-8]_k(?:_(?:xs|s|m|l|xl))?',
  // IQ2_XXS, IQ4_NL
  'iq[1-4]_(?:xxs|xs|s|m|nl)',
  // TQ1_0, MXFP4, MXFP4_MOE
  'tq[12]_0',
  'mxfp4(?:_moe)?',
  // model_q4, model_q4f16, model_int8, model_bnb4, model_quantized
  'q(?:4|8|4f16)',
  'u?int[48]',
  'bnb4',
  'quantized',
];

const SUFFIX = new RegExp(`^(.+?)[._-](?:ud-)?(?:${SUFFIXES.join('|')})$`, 'i');

/** A model's name without the way in which its weights are stored: SmolLM2-135M-Instruct.Q4_1 is SmolLM2-135M-Instruct. */
export function withoutQuantization(name: string): string {
  return SUFFIX.exec(name)?.[1] ?? name;
}
