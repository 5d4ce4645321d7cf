import { describe, expect, it } from 'vitest';
import { withoutQuantization } from '../../src/convert/quantization-suffixes.ts';

describe('withoutQuantization', () => {
  it.each([
    ['SmolLM2-135M-Instruct.Q4_1', 'SmolLM2-135M-Instruct'],
    ['smollm2-135m-instruct-q8_0', 'smollm2-135m-instruct'],
    ['qwen2.5-0.5b-instruct-q4_k_m', 'qwen2.5-0.5b-instruct'],
    ['Llama-3.2-1B-Instruct-IQ4_XS', 'Llama-3.2-1B-Instruct'],
    ['gemma-3-270m-it-UD-Q4_K_XL', 'gemma-3-270m-it'],
    ['gemma-3-270m-it-F16', 'gemma-3-270m-it'],
    ['tinyllama-bf16', 'tinyllama'],
    ['phi-Q4_0_4_8', 'phi'],
    ['gpt-oss-MXFP4_MOE', 'gpt-oss'],
    ['model_q4', 'model'],
    ['model_q4f16', 'model'],
    ['model_quantized', 'model'],
    ['model_int8', 'model'],
    ['model_fp16', 'model'],
  ])('should take the quantization from %s', (name, expected) => {
    expect(withoutQuantization(name)).toBe(expected);
  });

  it.each(['SmolLM2-135M-Instruct', 'stories260K', 'tinystories-gpt2', 'Q4_1', 'qwen3', 'phi-2', 'gpt2-xl', 'model-4bit-tuned', 'bloomq4'])(
    'should leave %s as it is',
    (name) => {
      expect(withoutQuantization(name)).toBe(name);
    },
  );
});
