import { describe, expect, it } from 'vitest';
import { llama } from '../../../src/convert/architectures/llama.ts';
import { parseLlamaConfig } from '../../../src/convert/architectures/llama-config.ts';
import { GptEdgeError } from '../../../src/core/errors.ts';

/** A configuration as transformers 4 writes it. */
const CONFIG = {
  model_type: 'llama',
  vocab_size: 160,
  max_position_embeddings: 128,
  hidden_size: 64,
  intermediate_size: 96,
  num_hidden_layers: 2,
  num_attention_heads: 8,
};
const LLAMA3 = { factor: 8, low_freq_factor: 1, high_freq_factor: 4, original_max_position_embeddings: 48 };

function catchError(config: object, contextWindow?: number): unknown {
  try {
    return llama.plan(config, contextWindow);
  } catch (error) {
    return error;
  }
}

describe('llama', () => {
  it('should default to as many key heads as query heads, and to heads that divide the width', () => {
    const { shape, tensors } = llama.plan(CONFIG);
    expect(shape).toMatchObject({ heads: 8, keyValueHeads: 8, headDimension: 16, contextWindow: 128 });
    expect(tensors.get('layers.1.self_attn.k_proj.weight')).toEqual([64, 64]);
    expect(tensors.get('lm_head.weight')).toEqual([160, 64]);
    expect(llama.plan({ ...CONFIG, num_key_value_heads: null, head_dim: null, rope_scaling: null }).shape).toEqual(shape);
  });

  it('should support grouped keys, an explicit head size and a tied head', () => {
    const plan = llama.plan({ ...CONFIG, num_key_value_heads: 2, head_dim: 20, tie_word_embeddings: true });
    expect(plan.shape).toMatchObject({ keyValueHeads: 2, headDimension: 32 });
    expect(plan.tensors.get('layers.0.self_attn.q_proj.weight')).toEqual([160, 64]);
    expect(plan.tensors.get('layers.0.self_attn.v_proj.weight')).toEqual([40, 64]);
    expect(plan.tensors.get('layers.0.self_attn.o_proj.weight')).toEqual([64, 160]);
    expect(plan.tensors.has('lm_head.weight')).toBe(false);
    expect(plan.tied).toEqual({ table: 'embed_tokens.weight', head: 'lm_head.weight' });
    expect(plan.isIgnored('layers.0.self_attn.rotary_emb.inv_freq')).toBe(true);
    // Query and output, key and value, and three of the feed-forward half, for two layers; the head.
    expect(plan.multiplyAddsPerToken).toBe(2 * (2 * 64 * 8 * 32 + 2 * 64 * 2 * 32 + 3 * 64 * 96) + 64 * 160);
  });

  it('should have biases where config.json says so', () => {
    const biased = (keys: object) =>
      [...llama.plan({ ...CONFIG, ...keys }).tensors.keys()].filter((name) => /^layers\.0.*bias$/.test(name));
    const attention = ['q', 'k', 'v', 'o'].map((part) => `layers.0.self_attn.${part}_proj.bias`);
    expect(biased({ attention_bias: true })).toEqual(attention);
    expect(biased({ mlp_bias: true })).toEqual(['gate', 'up', 'down'].map((part) => `layers.0.mlp.${part}_proj.bias`));
    expect(biased({})).toEqual([]);
  });

  it('should expect an output head if it is not tied, and ignore only what it knows', () => {
    const plan = llama.plan(CONFIG);
    expect(plan.tied).toBeUndefined();
    expect(plan.isIgnored('layers.0.self_attn.q_proj.bias')).toBe(false);
  });

  it.each([
    { keys: { rope_theta: 5e5 } },
    { keys: { rope_theta: 5e5, rope_scaling: { type: 'default' } } },
    { keys: { rope_parameters: { rope_theta: 5e5, rope_type: 'default' } } },
    { keys: { rope_theta: 5e5, rope_parameters: { rope_type: 'default' } } },
    { keys: { rope_theta: 10, rope_scaling: {}, rope_parameters: { rope_theta: 5e5 } } },
  ])('should read theta from $keys', ({ keys }) => {
    expect(parseLlamaConfig({ ...CONFIG, ...keys }).rotary).toEqual({ theta: 5e5, type: 'default', partialFactor: 1, positions: 128 });
  });

  it.each([
    { keys: { rope_theta: 1000, rope_scaling: { rope_type: 'llama3', ...LLAMA3 } } },
    { keys: { rope_theta: 1000, rope_scaling: { type: 'llama3', ...LLAMA3 } } },
    { keys: { rope_parameters: { rope_type: 'llama3', rope_theta: 1000, ...LLAMA3 } } },
  ])("should read llama3's scaling from $keys", ({ keys }) => {
    const { rotary } = parseLlamaConfig({ ...CONFIG, ...keys });
    expect(rotary).toMatchObject({ theta: 1000, type: 'llama3', scaling: { type: 'llama3', ...LLAMA3 } });
  });

  it.each([
    { change: { hidden_act: 'mish' }, message: 'hidden_act "mish" is not supported for llama; supported: gelu, gelu_fast' },
    {
      change: { rope_scaling: { type: 'mrope', factor: 2 } },
      message: 'rope_type "mrope" is not supported for llama; supported: default, dynamic, linear, llama3, longrope, yarn',
    },
    { change: { partial_rotary_factor: 0.5 }, message: 'partial_rotary_factor 0.5 is not supported for llama; supported: 1' },
    {
      change: { max_position_embeddings: 2 ** 20, head_dim: 2 ** 17 },
      message: 'rotary tables of 1048576 positions by 65536 take 274877906944 bytes each, over the limit of 268435456',
    },
  ])('should refuse $change as not supported', ({ change, message }) => {
    const error = catchError({ ...CONFIG, ...change });
    expect(error).toBeInstanceOf(GptEdgeError);
    expect(error).toMatchObject({ code: 'unsupported_model', param: 'config.json', message: expect.stringContaining(message) });
  });

  it.each([
    { change: { vocab_size: 2 ** 40 }, message: 'vocab_size: 1099511627776: Too big: expected number to be <=1048576' },
    { change: { hidden_size: 2 ** 18 }, message: 'hidden_size: 262144: Too big: expected number to be <=131072' },
    { change: { intermediate_size: 0 }, message: 'intermediate_size: 0: Too small' },
    { change: { num_hidden_layers: 1e5 }, message: 'num_hidden_layers: 100000: Too big: expected number to be <=1024' },
    { change: { num_attention_heads: 2 ** 30 }, message: 'num_attention_heads: 1073741824: Too big' },
    { change: { num_key_value_heads: 2.5 }, message: 'num_key_value_heads: 2.5: Invalid input: expected int' },
    { change: { max_position_embeddings: 2 ** 21 }, message: 'max_position_embeddings: 2097152: Too big: expected number to be <=1048576' },
    { change: { head_dim: 2 ** 18 }, message: 'head_dim: 262144: Too big' },
    { change: { head_dim: 7 }, message: 'head_dim: 7: makes heads of an odd size' },
    { change: { num_attention_heads: 7 }, message: 'hidden_size: 64: is not a multiple of num_attention_heads' },
    { change: { num_key_value_heads: 3 }, message: 'num_key_value_heads: 3: does not divide num_attention_heads' },
    { change: { num_key_value_heads: 16 }, message: 'num_key_value_heads: 16: does not divide num_attention_heads' },
    { change: { rms_norm_eps: -1 }, message: 'rms_norm_eps: -1: Too small' },
    { change: { rope_theta: 0 }, message: 'rope_theta: 0: Too small' },
    { change: { rope_scaling: 'llama3' }, message: 'rope_scaling: "llama3": Invalid input' },
    { change: { rope_scaling: { rope_type: 'llama3' } }, message: 'rope_scaling.factor: undefined: Invalid input' },
    { change: { rope_scaling: { rope_type: 'linear' } }, message: 'rope_scaling.factor: undefined: Invalid input' },
    { change: { rope_scaling: { type: 'yarn', factor: 2, beta_fast: -1 } }, message: 'rope_scaling.beta_fast: -1: Too small' },
    { change: { rope_scaling: { rope_type: 'llama3', ...LLAMA3, factor: 0 } }, message: 'rope_scaling.factor: 0: Too small' },
    {
      change: { rope_parameters: { rope_type: 'llama3', ...LLAMA3, high_freq_factor: 1 } },
      message: 'rope_parameters.high_freq_factor: 1: is not over low_freq_factor',
    },
    { change: { vocab_size: undefined }, message: 'vocab_size: undefined: Invalid input' },
  ])('should refuse $change as invalid', ({ change, message }) => {
    const error = catchError({ ...CONFIG, ...change });
    expect(error).toBeInstanceOf(GptEdgeError);
    expect(error).toMatchObject({
      code: 'invalid_file',
      param: 'config.json',
      message: expect.stringContaining(`config.json: ${message}`),
    });
  });

  it('should keep fewer positions when asked to, and refuse more', () => {
    expect(llama.plan(CONFIG, 32).shape.contextWindow).toBe(32);
    expect(catchError(CONFIG, 129)).toMatchObject({
      code: 'invalid_value',
      param: 'contextWindow',
      message: "contextWindow 129 is over the model's max_position_embeddings of 128",
    });
    // A context window whose tables are too large as a whole may fit when it is cut.
    expect(llama.plan({ ...CONFIG, max_position_embeddings: 2 ** 20, head_dim: 1024 }, 4096).shape.contextWindow).toBe(4096);
  });
});
