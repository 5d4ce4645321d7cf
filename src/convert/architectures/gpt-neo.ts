import type { DecoderInputs } from '../graph/decoder-inputs.ts';
import { writeGroupQueryAttention } from '../graph/group-query-attention.ts';
import { activationNames } from './activations.ts';
import type { Architecture, GraphContext } from './architecture.ts';
import { chooseContextWindow, refuseUnsupported } from './config-json.ts';
import { gptShape, planGptDecoder } from './gpt-decoder.ts';
import { type GptNeoConfig, parseGptNeoConfig } from './gpt-neo-config.ts';
import { GPT2_NAMES } from './gpt-tensors.ts';
import { writeLinear, writeProjections } from './modules.ts';
import { paddedHeadSize, padHeadColumns } from './pad-heads.ts';

/** Matrices are [outputs, inputs], the order of PyTorch's Linear. */
const ORDER = 'outputs-first';

/** Old checkpoints carry causal masks along. */
const CAUSAL_MASK = /^h\.\d+\.attn\.attention\.(bias|masked_bias)$/;

/**
 * GPT-Neo is like GPT-2, but some layers see only a window of the last positions, and attention scores are not scaled.
 */
export const gptNeo: Architecture = {
  modelType: 'gpt_neo',
  plan(json, contextWindow) {
    const config = parseGptNeoConfig(json);
    refuseUnsupported('gpt_neo', [{ field: 'activation_function', value: config.activation_function, supported: activationNames }]);
    const { hidden_size: width, num_heads: heads, max_position_embeddings: positions } = config;
    const square = [width, width];
    return planGptDecoder({
      names: GPT2_NAMES,
      shape: gptShape({
        contextWindow: chooseContextWindow(contextWindow, { field: 'max_position_embeddings', value: positions }),
        vocabularySize: config.vocab_size,
        layers: config.num_layers,
        hiddenSize: width,
        heads,
      }),
      positions,
      inner: config.intermediate_size ?? 4 * width,
      activation: config.activation_function,
      epsilon: config.layer_norm_epsilon,
      tied: config.tie_word_embeddings,
      order: ORDER,
      attentionTensors: {
        'attention.q_proj.weight': square,
        'attention.k_proj.weight': square,
        'attention.v_proj.weight': square,
        'attention.out_proj.weight': square,
        'attention.out_proj.bias': [width],
      },
      ignored: CAUSAL_MASK,
      startAttention: async (context, inputs) => (layer, x) => writeAttention(context, config, inputs, layer, x),
    });
  },
};

/** Writes attention over `x` [batch, positions, width], global or local. Only its output has a bias. */
async function writeAttention(
  context: GraphContext,
  config: GptNeoConfig,
  inputs: DecoderInputs,
  layer: number,
  x: string,
): Promise<string> {
  const { graph, read } = context;
  const name = `layers.${layer}.attention`;
  const source = `h.${layer}.attn.attention`;
  const headSize = config.hidden_size / config.num_heads;
  const padding = { from: headSize, to: paddedHeadSize(headSize) };
  const attended = writeGroupQueryAttention(graph, inputs, {
    name,
    layer,
    ...(await writeProjections(context, { name, source, padding }, x)),
    heads: config.num_heads,
    keyValueHeads: config.num_heads,
    scale: 1,
    window: config.kinds[layer] === 'local' ? config.window_size : undefined,
  });
  const out = padHeadColumns(await read(`${source}.out_proj.weight`), padding);
  return writeLinear(context, `${name}.output`, attended, { ...out, order: ORDER }, await read(`${source}.out_proj.bias`));
}
