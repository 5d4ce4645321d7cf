import { describe, expect, it } from 'vitest';
import { countParameters } from '../../../src/convert/architectures/architecture.ts';
import { gptNeox } from '../../../src/convert/architectures/gpt-neox.ts';
import { opt } from '../../../src/convert/architectures/opt.ts';
import { rotatedHead } from '../../../src/convert/architectures/rotated-head.ts';
import { GptEdgeError } from '../../../src/core/errors.ts';

const SIZES = { vocab_size: 32, max_position_embeddings: 64, hidden_size: 48, num_hidden_layers: 1, num_attention_heads: 2 };
const NEOX = { ...SIZES, model_type: 'gpt_neox', intermediate_size: 16 };
const OPT = { ...SIZES, model_type: 'opt', ffn_dim: 16 };

function catchError(plan: () => unknown): unknown {
  try {
    return plan();
  } catch (error) {
    return error;
  }
}

describe('gptNeox', () => {
  it('should have biases in attention unless config.json says otherwise', () => {
    const { tensors, shape } = gptNeox.plan(NEOX);
    expect(shape).toMatchObject({ headDimension: 32, heads: 2, keyValueHeads: 2 });
    expect(tensors.get('layers.0.attention.query_key_value.weight')).toEqual([144, 48]);
    expect(tensors.get('layers.0.attention.query_key_value.bias')).toEqual([144]);
    expect(gptNeox.plan({ ...NEOX, attention_bias: false }).tensors.has('layers.0.attention.dense.bias')).toBe(false);
  });

  it('should ignore the masks and frequencies of old checkpoints, and nothing else', () => {
    const { isIgnored } = gptNeox.plan(NEOX);
    for (const name of ['bias', 'masked_bias', 'rotary_emb.inv_freq']) expect(isIgnored(`layers.0.attention.${name}`)).toBe(true);
    expect(isIgnored('layers.0.attention.dense.bias')).toBe(false);
  });

  it.each([
    { keys: { hidden_act: 'mish' }, code: 'unsupported_model', message: 'hidden_act "mish" is not supported for gpt_neox' },
    { keys: { rope_scaling: { type: 'mrope' } }, code: 'unsupported_model', message: 'rope_type "mrope" is not supported for gpt_neox' },
    { keys: { rope_scaling: { type: 'linear' } }, code: 'invalid_file', message: 'rope_scaling.factor: undefined: Invalid input' },
    { keys: { num_attention_heads: 5 }, code: 'invalid_file', message: 'hidden_size: 48: is not a multiple of num_attention_heads' },
    { keys: { rotary_pct: 1.5 }, code: 'invalid_file', message: 'rotary_pct: 1.5: Too big' },
  ])('should refuse $keys', ({ keys, code, message }) => {
    const error = catchError(() => gptNeox.plan({ ...NEOX, ...keys }));
    expect(error).toBeInstanceOf(GptEdgeError);
    expect(error).toMatchObject({ code, message: expect.stringContaining(message) });
  });
});

describe('rotatedHead', () => {
  it('should leave the order as it is if the operator rotates just these pairs', () => {
    expect(rotatedHead(16, 32)).toEqual({ pairs: 8, order: Array.from({ length: 32 }, (_, index) => index) });
  });

  it('should fill the pairs up with values that are not rotated', () => {
    const { pairs, order } = rotatedHead(6, 16);
    expect(pairs).toBe(8);
    expect(order).toEqual([0, 1, 2, 6, 7, 8, 9, 10, 3, 4, 5, 11, 12, 13, 14, 15]);
  });
});

describe('opt', () => {
  it('should not count the two positions that come before the first', () => {
    const plan = opt.plan(OPT);
    expect(plan.tensors.get('embed_positions.weight')).toEqual([66, 48]);
    const all = [...plan.tensors.values()].reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0);
    expect(countParameters(plan)).toBe(all - 2 * 48);
  });

  it('should have matrices beside embeddings of another width, and no final norm where norms come after each half', () => {
    const { tensors, multiplyAddsPerToken } = opt.plan({ ...OPT, word_embed_proj_dim: 8, do_layer_norm_before: false });
    expect(tensors.get('embed_tokens.weight')).toEqual([32, 8]);
    expect(tensors.get('project_in.weight')).toEqual([48, 8]);
    expect(tensors.get('project_out.weight')).toEqual([8, 48]);
    expect(tensors.has('final_layer_norm.weight')).toBe(false);
    expect(multiplyAddsPerToken).toBe(4 * 48 * 64 + 2 * 48 * 16 + 2 * 48 * 8 + 8 * 32);
    expect(opt.plan(OPT).tensors.has('final_layer_norm.weight')).toBe(true);
    expect(opt.plan({ ...OPT, _remove_final_layer_norm: true }).tensors.has('final_layer_norm.weight')).toBe(false);
  });

  it('should have no biases if config.json says so', () => {
    const biases = [...opt.plan({ ...OPT, enable_bias: false }).tensors.keys()].filter((name) => name.endsWith('bias'));
    expect(biases.filter((name) => !name.includes('layer_norm'))).toEqual([]);
  });

  it.each([
    { keys: { activation_function: 'mish' }, code: 'unsupported_model', message: 'activation_function "mish" is not supported for opt' },
    { keys: { layer_norm_elementwise_affine: false }, code: 'unsupported_model', message: 'layer_norm_elementwise_affine false is not' },
    { keys: { num_attention_heads: 5 }, code: 'invalid_file', message: 'hidden_size: 48: is not a multiple of num_attention_heads' },
  ])('should refuse $keys', ({ keys, code, message }) => {
    expect(catchError(() => opt.plan({ ...OPT, ...keys }))).toMatchObject({ code, message: expect.stringContaining(message) });
  });
});
