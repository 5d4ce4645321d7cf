import type { DecoderInputs } from '../graph/decoder-inputs.ts';
import { writeGroupQueryAttention } from '../graph/group-query-attention.ts';
import { activationNames } from './activations.ts';
import type { Architecture, GraphContext } from './architecture.ts';
import { chooseContextWindow, refuseUnsupported } from './config-json.ts';
import { gptShape, planGptDecoder } from './gpt-decoder.ts';
import { GPT2_NAMES } from './gpt-tensors.ts';
import { type Gpt2Config, parseGpt2Config } from './gpt2-config.ts';
import { writeLinear } from './modules.ts';
import { paddedHeadSize, padHeadColumns, padHeadRows } from './pad-heads.ts';

/** Matrices are [inputs, outputs], the order of GPT-2's own Conv1D. */
const ORDER = 'inputs-first';

/** Old checkpoints carry causal masks along. */
const CAUSAL_MASK = /^h\.\d+\.attn\.(bias|masked_bias)$/;

/** GPT-2: learned positions, a norm before each half of a layer, one matrix for query, key and value. */
export const gpt2: Architecture = {
  modelType: 'gpt2',
  plan(json, contextWindow) {
    const config = parseGpt2Config(json);
    refuseUnsupported('gpt2', [
      { field: 'activation_function', value: config.activation_function, supported: activationNames },
      { field: 'add_cross_attention', value: config.add_cross_attention, supported: [false] },
    ]);
    const { n_embd: width, n_head: heads, n_positions: positions } = config;
    return planGptDecoder({
      names: GPT2_NAMES,
      shape: gptShape({
        contextWindow: chooseContextWindow(contextWindow, { field: 'n_positions', value: positions }),
        vocabularySize: config.vocab_size,
        layers: config.n_layer,
        hiddenSize: width,
        heads,
      }),
      positions,
      inner: config.n_inner ?? 4 * width,
      activation: config.activation_function,
      epsilon: config.layer_norm_epsilon,
      tied: config.tie_word_embeddings,
      order: ORDER,
      attentionTensors: {
        'c_attn.weight': [width, 3 * width],
        'c_attn.bias': [3 * width],
        'c_proj.weight': [width, width],
        'c_proj.bias': [width],
      },
      ignored: CAUSAL_MASK,
      startAttention: async (context, inputs) => (layer, x) => writeAttention(context, config, inputs, layer, x),
    });
  },
};

/**
 * Writes attention over `x` [batch, positions, width]. Query, key and value stay side by side, as one input of
 * GroupQueryAttention.
 */
async function writeAttention(context: GraphContext, config: Gpt2Config, inputs: DecoderInputs, layer: number, x: string): Promise<string> {
  const { graph, read } = context;
  const name = `layers.${layer}.attention`;
  const source = `h.${layer}.attn`;
  const headSize = config.n_embd / config.n_head;
  const padding = { from: headSize, to: paddedHeadSize(headSize) };
  const qkvMatrix = { ...padHeadColumns(await read(`${source}.c_attn.weight`), padding), order: ORDER } as const;
  const qkvBias = padHeadColumns(await read(`${source}.c_attn.bias`), padding);
  const query = await writeLinear(context, `${name}.qkv`, x, qkvMatrix, qkvBias);
  const heads = { heads: config.n_head, keyValueHeads: config.n_head };
  const attended = writeGroupQueryAttention(graph, inputs, { name, layer, query, ...heads, scale: attentionScale(config, layer) });
  const outMatrix = { ...padHeadRows(await read(`${source}.c_proj.weight`), padding), order: ORDER } as const;
  return writeLinear(context, `${name}.output`, attended, outMatrix, await read(`${source}.c_proj.bias`));
}

/** Returns what attention scores are multiplied by. It depends on the true head size, not on the padded one. */
function attentionScale(config: Gpt2Config, layer: number): number {
  const byHeadSize = config.scale_attn_weights ? 1 / Math.sqrt(config.n_embd / config.n_head) : 1;
  return config.scale_attn_by_inverse_layer_idx ? byHeadSize / (layer + 1) : byHeadSize;
}
