import type { DecoderInputs } from '../graph/decoder-inputs.ts';
import { writeGroupQueryAttention } from '../graph/group-query-attention.ts';
import { writeAffine } from './affine.ts';
import type { Architecture, GraphContext } from './architecture.ts';
import { chooseContextWindow } from './choose-context-window.ts';
import { GPT_ACTIVATIONS } from './gpt-activation.ts';
import { planGptDecoder } from './gpt-decoder.ts';
import { type GptNeoConfig, parseGptNeoConfig } from './gpt-neo-config.ts';
import { paddedHeadSize, padHeadColumns, padHeadRows } from './pad-heads.ts';
import { refuseUnsupported } from './refuse-unsupported.ts';

/** Matrices are [outputs, inputs], the order of PyTorch's Linear. */
const ORDER = 'outputs-first';

/** GPT-Neo: as GPT-2, but some layers see a window of the last positions alone, and scores are not scaled. */
export const gptNeo: Architecture = {
  modelType: 'gpt_neo',
  plan(json, contextWindow) {
    const config = parseGptNeoConfig(json);
    refuseUnsupported('gpt_neo', [
      { field: 'activation_function', value: config.activation_function, supported: Object.keys(GPT_ACTIVATIONS) },
    ]);
    const { hidden_size: width, num_heads: heads, max_position_embeddings: positions } = config;
    const square = [width, width];
    return planGptDecoder({
      shape: {
        contextWindow: chooseContextWindow(contextWindow, { field: 'max_position_embeddings', value: positions }),
        vocabularySize: config.vocab_size,
        layers: config.num_layers,
        hiddenSize: width,
        heads,
        keyValueHeads: heads,
        headDimension: paddedHeadSize(width / heads),
      },
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
      writeAttention: (context, inputs, layer, x) => writeAttention(context, config, inputs, layer, x),
    });
  },
};

/** Attention over `x` [batch, positions, width], global or local. Only its output has a bias. */
async function writeAttention(
  context: GraphContext,
  config: GptNeoConfig,
  inputs: DecoderInputs,
  layer: number,
  x: string,
): Promise<string> {
  const { graph, read, dtype } = context;
  const name = `layers.${layer}.attention`;
  const source = `h.${layer}.attn.attention`;
  const headSize = config.hidden_size / config.num_heads;
  const padding = { from: headSize, to: paddedHeadSize(headSize) };
  const project = async (part: string) => {
    const matrix = padHeadRows(await read(`${source}.${part[0]}_proj.weight`), padding);
    return dtype.multiply(context, `${name}.${part}`, x, { ...matrix, order: ORDER });
  };
  const attended = writeGroupQueryAttention(graph, inputs, {
    name,
    layer,
    query: await project('query'),
    key: await project('key'),
    value: await project('value'),
    heads: config.num_heads,
    keyValueHeads: config.num_heads,
    scale: 1,
    window: config.kinds[layer] === 'local' ? config.window_size : undefined,
  });
  const out = padHeadColumns(await read(`${source}.out_proj.weight`), padding);
  return writeAffine(context, `${name}.output`, attended, { ...out, order: ORDER }, await read(`${source}.out_proj.bias`));
}
