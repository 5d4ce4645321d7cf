import { fromBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { findArchitecture } from '../../../src/convert/architectures/index.ts';
import { fp32 } from '../../../src/convert/dtypes/float-dtypes.ts';
import { inPieces } from '../../../src/convert/dtypes/in-pieces.ts';
import type { ExternalDataWriter } from '../../../src/convert/graph/external-data-writer.ts';
import { GraphBuilder } from '../../../src/convert/graph/graph-builder.ts';
import { GptEdgeError } from '../../../src/core/errors.ts';
import { ModelProtoSchema, type NodeProto } from '../../../src/core/onnx/onnx-ml_pb.js';

const SIZES = {
  vocab_size: 32,
  max_position_embeddings: 64,
  hidden_size: 16,
  intermediate_size: 16,
  num_hidden_layers: 3,
  num_attention_heads: 1,
  num_key_value_heads: 1,
};
const plan = (model_type: string, keys: object = {}) => {
  const config = { ...SIZES, model_type, ...keys };
  return findArchitecture(config).plan(config);
};

/** Writes a decoder whose weights are all 0, and returns its attention nodes. */
async function attentionNodes(modelType: string, keys: object = {}): Promise<NodeProto[]> {
  const decoder = plan(modelType, keys);
  const graph = new GraphBuilder('test');
  const data = { append: async (values: ArrayBufferView) => ({ offset: 0, length: values.byteLength }) } as unknown as ExternalDataWriter;
  const zeros = (name: string) => {
    const shape = decoder.tensors.get(name)!;
    return { shape, values: new Float32Array(shape.reduce((product, size) => product * size, 1)) };
  };
  await decoder.writeGraph({ graph, data, dtype: fp32, read: async (name) => zeros(name), table: (name) => inPieces(zeros(name)) });
  return fromBinary(ModelProtoSchema, graph.toBytes()).graph!.node.filter(({ opType }) => opType === 'GroupQueryAttention');
}

const windowsOf = async (modelType: string, keys: object = {}) =>
  (await attentionNodes(modelType, keys)).map(({ attribute }) => {
    const window = attribute.find(({ name }) => name === 'local_window_size');
    return window && Number(window.i);
  });

function catchError(modelType: string, keys: object): unknown {
  try {
    return plan(modelType, keys);
  } catch (error) {
    return error;
  }
}

describe('models built like LLaMA', () => {
  it.each([
    { type: 'mistral', keys: { sliding_window: 24 }, windows: [24, 24, 24] },
    { type: 'mistral', keys: { sliding_window: null }, windows: [undefined, undefined, undefined] },
    { type: 'mistral', keys: {}, windows: [4096, 4096, 4096] },
    { type: 'llama', keys: { sliding_window: 24 }, windows: [undefined, undefined, undefined] },
    { type: 'qwen2', keys: { sliding_window: 24 }, windows: [undefined, undefined, undefined] },
    { type: 'qwen2', keys: { sliding_window: 24, use_sliding_window: true, max_window_layers: 2 }, windows: [undefined, undefined, 24] },
    {
      type: 'qwen3',
      keys: { sliding_window: 8, use_sliding_window: true, layer_types: ['sliding_attention', 'full_attention', 'sliding_attention'] },
      windows: [8, undefined, 8],
    },
    { type: 'gemma3_text', keys: { sliding_window: 8 }, windows: [8, 8, 8] },
    { type: 'gemma3_text', keys: { sliding_window: 8, sliding_window_pattern: 2 }, windows: [8, undefined, 8] },
    {
      type: 'gemma3_text',
      keys: { sliding_window: 8, layer_types: ['full_attention', 'full_attention', 'sliding_attention'] },
      windows: [undefined, undefined, 8],
    },
  ])('should give $type its windows: $keys', async ({ type, keys, windows }) => {
    expect(await windowsOf(type, keys)).toEqual(windows);
  });

  it('should give layers rotary positions of their own only where there are two kinds', async () => {
    const tables = async (type: string, keys = {}) => (await attentionNodes(type, keys)).map(({ input }) => input[7]);
    expect(await tables('qwen3')).toEqual(['rotary.cos', 'rotary.cos', 'rotary.cos']);
    expect(await tables('gemma3_text', { sliding_window_pattern: 2 })).toEqual(['rotary.local.cos', 'rotary.cos', 'rotary.local.cos']);
    expect(await tables('gemma3_text', { sliding_window_pattern: 1 })).toEqual(['rotary.cos', 'rotary.cos', 'rotary.cos']);
    // Three layers of a pattern of six are all local.
    expect(await tables('gemma3_text')).toEqual(['rotary.cos', 'rotary.cos', 'rotary.cos']);
  });

  it('should have the heads that each family has where config.json does not say it', () => {
    expect(plan('qwen2').shape.headDimension).toBe(16);
    expect(plan('qwen3').shape.headDimension).toBe(128);
    expect(plan('gemma3_text').shape.headDimension).toBe(256);
    expect(plan('gemma3_text').tied).toBeDefined();
    expect(plan('qwen3').tied).toBeUndefined();
  });

  it('should have the biases and norms of each family', () => {
    const extras = (type: string) =>
      [...plan(type).tensors.keys()].filter((name) => name.startsWith('layers.0.') && /bias$|_norm\.|feedforward/.test(name));
    expect(extras('mistral')).toEqual([]);
    expect(extras('qwen2')).toEqual(['q', 'k', 'v'].map((part) => `layers.0.self_attn.${part}_proj.bias`));
    expect(extras('qwen3')).toEqual(['q', 'k'].map((part) => `layers.0.self_attn.${part}_norm.weight`));
    expect(extras('gemma3_text')).toEqual([
      'layers.0.pre_feedforward_layernorm.weight',
      'layers.0.post_feedforward_layernorm.weight',
      'layers.0.self_attn.q_norm.weight',
      'layers.0.self_attn.k_norm.weight',
    ]);
  });

  it.each([
    {
      type: 'gemma3_text',
      keys: { attn_logit_softcapping: 50 },
      message: 'attn_logit_softcapping 50 is not supported for gemma3_text; supported: null',
    },
    { type: 'gemma3_text', keys: { final_logit_softcapping: 30 }, message: 'final_logit_softcapping 30 is not supported' },
    { type: 'gemma3_text', keys: { use_bidirectional_attention: true }, message: 'use_bidirectional_attention true is not supported' },
    { type: 'gemma3_text', keys: { hidden_activation: 'mish' }, message: 'hidden_act "mish" is not supported for gemma3_text' },
    {
      type: 'gemma3_text',
      keys: { rope_parameters: { sliding_attention: { rope_type: 'mrope' } } },
      message: 'rope_type "mrope" is not supported for gemma3_text',
    },
    { type: 'qwen2', keys: { rope_scaling: { type: 'mrope' } }, message: 'rope_type "mrope" is not supported for qwen2' },
  ])('should refuse $keys of $type as not supported', ({ type, keys, message }) => {
    const error = catchError(type, keys);
    expect(error).toBeInstanceOf(GptEdgeError);
    expect(error).toMatchObject({ code: 'unsupported_model', param: 'config.json', message: expect.stringContaining(message) });
  });

  it.each([
    {
      type: 'qwen2',
      keys: { layer_types: ['full_attention'] },
      message: 'layer_types: ["full_attention"]: describes a number of layers other',
    },
    {
      type: 'qwen3',
      keys: { layer_types: ['chunked_attention', 'x', 'x'] },
      message: 'layer_types.0: "chunked_attention": Invalid option',
    },
    { type: 'mistral', keys: { sliding_window: 0 }, message: 'sliding_window: 0: Too small' },
    { type: 'gemma3_text', keys: { query_pre_attn_scalar: 0 }, message: 'query_pre_attn_scalar: 0: Too small' },
    {
      type: 'gemma3_text',
      keys: { rope_parameters: { full_attention: { rope_type: 'linear', factor: 0.5 } } },
      message: 'rope_parameters.full_attention.factor: 0.5: Too small',
    },
  ])('should refuse $keys of $type as invalid', ({ type, keys, message }) => {
    expect(catchError(type, keys)).toMatchObject({ code: 'invalid_file', message: expect.stringContaining(`config.json: ${message}`) });
  });
});
