import { z } from 'zod';
import { MAX_CONTEXT_WINDOW, MAX_DIMENSION, MAX_LAYERS, MAX_VOCABULARY } from '../../core/limits.ts';
import type { DecoderInputs } from '../graph/decoder-inputs.ts';
import { writeGroupQueryAttention } from '../graph/group-query-attention.ts';
import { activationNames } from './activations.ts';
import type { Architecture, GraphContext } from './architecture.ts';
import { chooseContextWindow, countSchema, parseConfig, refuseUnsupported, wholeHeads } from './config-json.ts';
import { gptShape, planGptDecoder, type WriteAttention } from './gpt-decoder.ts';
import type { GptNames } from './gpt-tensors.ts';
import { writeLinear, writeProjections } from './modules.ts';
import { paddedHeadSize, padHeadColumns } from './pad-heads.ts';

const schema = z
  .object({
    vocab_size: countSchema(MAX_VOCABULARY),
    hidden_size: countSchema(MAX_DIMENSION),
    num_hidden_layers: countSchema(MAX_LAYERS),
    num_attention_heads: countSchema(MAX_DIMENSION),
    ffn_dim: countSchema(MAX_DIMENSION),
    max_position_embeddings: countSchema(MAX_CONTEXT_WINDOW),
    /** Width of the token embedding; absent or null: hidden_size. */
    word_embed_proj_dim: countSchema(MAX_DIMENSION).nullish(),
    activation_function: z.string().default('relu'),
    do_layer_norm_before: z.boolean().default(true),
    _remove_final_layer_norm: z.boolean().default(false),
    layer_norm_elementwise_affine: z.boolean().default(true),
    enable_bias: z.boolean().default(true),
    tie_word_embeddings: z.boolean().default(true),
  })
  .refine(...wholeHeads);

type OptConfig = z.infer<typeof schema>;

const NAMES: GptNames = {
  prefix: 'model.decoder.',
  table: 'embed_tokens',
  positions: 'embed_positions',
  finalNorm: 'final_layer_norm',
  head: 'lm_head',
  layers: 'layers',
  attention: 'self_attn',
  attentionNorm: 'self_attn_layer_norm',
  feedForwardNorm: 'final_layer_norm',
  up: 'fc1',
  down: 'fc2',
};
/** Matrices are [outputs, inputs], the order of PyTorch's Linear. */
const ORDER = 'outputs-first';
/** Row of the table of positions that position 0 has. */
const FIRST_POSITION = 2;
/** PyTorch's default. OPT's config.json does not state it. */
const EPSILON = 1e-5;

/**
 * OPT, Meta's replica of GPT-3: ReLU, and learned positions from row 2 on. OPT-350M has its norms after each half of a
 * layer, and embeddings that are narrower than the layers.
 */
export const opt: Architecture = {
  modelType: 'opt',
  plan(json, contextWindow) {
    const config = parseConfig(schema, json);
    refuseUnsupported('opt', [
      { field: 'activation_function', value: config.activation_function, supported: activationNames },
      { field: 'layer_norm_elementwise_affine', value: config.layer_norm_elementwise_affine, supported: [true] },
    ]);
    const { hidden_size: width, num_attention_heads: heads, max_position_embeddings: positions } = config;
    return planGptDecoder({
      names: NAMES,
      shape: gptShape({
        contextWindow: chooseContextWindow(contextWindow, { field: 'max_position_embeddings', value: positions }),
        vocabularySize: config.vocab_size,
        layers: config.num_hidden_layers,
        hiddenSize: width,
        heads,
      }),
      positions,
      firstPosition: FIRST_POSITION,
      inner: config.ffn_dim,
      feedForwardBias: config.enable_bias,
      hasFinalNorm: config.do_layer_norm_before && !config._remove_final_layer_norm,
      embeddingWidth: config.word_embed_proj_dim ?? width,
      activation: config.activation_function,
      epsilon: EPSILON,
      norms: config.do_layer_norm_before ? 'before' : 'after',
      tied: config.tie_word_embeddings,
      order: ORDER,
      attentionTensors: attentionTensors(config),
      startAttention: async (context, inputs) => attention(context, config, inputs),
    });
  },
};

function attentionTensors({ hidden_size: width, enable_bias: biased }: OptConfig): Record<string, number[]> {
  const parts = ['q_proj', 'k_proj', 'v_proj', 'out_proj'];
  return Object.fromEntries(parts.flatMap((part) => [[`${part}.weight`, [width, width]], ...(biased ? [[`${part}.bias`, [width]]] : [])]));
}

function attention(context: GraphContext, config: OptConfig, inputs: DecoderInputs): WriteAttention {
  const { graph, read } = context;
  const { num_attention_heads: heads, enable_bias: biased } = config;
  const headSize = config.hidden_size / heads;
  const padding = { from: headSize, to: paddedHeadSize(headSize) };
  return async (layer, x) => {
    const name = `layers.${layer}.attention`;
    const source = `layers.${layer}.self_attn`;
    const projected = await writeProjections(context, { name, source, padding, biased }, x);
    const scale = 1 / Math.sqrt(headSize);
    const attended = writeGroupQueryAttention(graph, inputs, { name, layer, ...projected, heads, keyValueHeads: heads, scale });
    const output = { ...padHeadColumns(await read(`${source}.out_proj.weight`), padding), order: ORDER } as const;
    return writeLinear(context, `${name}.output`, attended, output, biased ? await read(`${source}.out_proj.bias`) : undefined);
  };
}
