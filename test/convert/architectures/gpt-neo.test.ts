import { describe, expect, it } from 'vitest';
import { gptNeo } from '../../../src/convert/architectures/gpt-neo.ts';
import { parseGptNeoConfig } from '../../../src/convert/architectures/gpt-neo-config.ts';
import { GptEdgeError } from '../../../src/core/errors.ts';

const CONFIG = {
  model_type: 'gpt_neo',
  vocab_size: 160,
  max_position_embeddings: 128,
  hidden_size: 64,
  num_layers: 4,
  num_heads: 8,
  attention_types: [[['global', 'local'], 2]],
};

describe('gptNeo', () => {
  it('should list the kind of each layer', () => {
    const kinds = (attention_types: unknown, num_layers: number) => parseGptNeoConfig({ ...CONFIG, attention_types, num_layers }).kinds;
    expect(kinds([[['global', 'local'], 2]], 4)).toEqual(['global', 'local', 'global', 'local']);
    const runs = [
      [['local'], 2],
      [['global', 'local'], 1],
    ];
    expect(kinds(runs, 4)).toEqual(['local', 'local', 'global', 'local']);
    expect(kinds(undefined, 24)).toEqual(Array.from({ length: 24 }, (_, layer) => (layer % 2 === 0 ? 'global' : 'local')));
  });

  it('should expect projections without biases, except for that of the output', () => {
    const plan = gptNeo.plan(CONFIG);
    expect(plan.shape).toMatchObject({ contextWindow: 128, heads: 8, keyValueHeads: 8, headDimension: 16 });
    expect(plan.tensors.get('h.3.attn.attention.q_proj.weight')).toEqual([64, 64]);
    expect(plan.tensors.has('h.3.attn.attention.q_proj.bias')).toBe(false);
    expect(plan.tensors.get('h.3.attn.attention.out_proj.bias')).toEqual([64]);
    // [outputs, inputs], four times the width by default.
    expect(plan.tensors.get('h.0.mlp.c_fc.weight')).toEqual([256, 64]);
    expect(plan.tensors.get('h.0.mlp.c_fc.bias')).toEqual([256]);
    expect(plan.multiplyAddsPerToken).toBe(4 * (4 * 64 * 8 * 16 + 2 * 64 * 256) + 64 * 160);
    for (const buffer of ['bias', 'masked_bias']) expect(plan.isIgnored(`h.0.attn.attention.${buffer}`)).toBe(true);
    expect(plan.isIgnored('h.0.attn.attention.q_proj.bias')).toBe(false);
  });

  it.each([
    { change: { num_layers: 5 }, message: 'attention_types: [[["global","local"],2]]: describes a number of layers other than num_layers' },
    { change: { attention_types: [[['global', 'sparse'], 2]] }, message: 'attention_types.0.0.1: "sparse": Invalid option' },
    {
      change: { attention_types: [[['global'], 2 ** 40]] },
      message: 'attention_types.0.1: 1099511627776: Too big: expected number to be <=1024',
    },
    { change: { attention_types: 'local' }, message: 'attention_types: "local": Invalid input' },
    {
      change: {
        attention_types: [
          [['global', 'local'], 2],
          [new Array(1024).fill('local'), 1024],
        ],
      },
      message: 'a number of layers other than',
    },
    { change: { window_size: 0 }, message: 'window_size: 0: Too small' },
    { change: { num_heads: 7 }, message: 'hidden_size: 64: is not a multiple of num_heads' },
    { change: { num_layers: 2 ** 20 }, message: 'num_layers: 1048576: Too big: expected number to be <=1024' },
    { change: { intermediate_size: 1e9 }, message: 'intermediate_size: 1000000000: Too big: expected number to be <=131072' },
    { change: { max_position_embeddings: null }, message: 'max_position_embeddings: null: Invalid input' },
  ])('should refuse $change', ({ change, message }) => {
    const plan = () => gptNeo.plan({ ...CONFIG, ...change });
    expect(plan).toThrow(GptEdgeError);
    expect(plan).toThrow(message);
  });

  it('should refuse an unknown activation', () => {
    expect(() => gptNeo.plan({ ...CONFIG, activation_function: 'mish' })).toThrow(
      'activation_function "mish" is not supported for gpt_neo; supported: gelu, gelu_fast, gelu_new',
    );
  });
});
