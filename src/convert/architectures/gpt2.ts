import { GptEdgeError } from '../../model/errors.ts';
import type { Matrix, Weight } from '../dtypes/dtype.ts';
import { type DecoderInputs, declareDecoder, keepLastPositions } from '../graph/decoder-inputs.ts';
import { MICROSOFT } from '../graph/graph-builder.ts';
import type { Architecture, DecoderPlan, GraphContext } from './architecture.ts';
import { type Gpt2Config, parseGpt2Config } from './gpt2-config.ts';
import { gpt2TensorShapes } from './gpt2-tensors.ts';
import { paddedHeadSize, padHeadColumns, padHeadRows } from './pad-heads.ts';

/** Gelu's attribute `approximate` for each activation, by transformers' names. gelu_new and gelu_pytorch_tanh are the same function. */
const ACTIVATIONS: Readonly<Record<string, 'tanh' | 'none'>> = { gelu_new: 'tanh', gelu_pytorch_tanh: 'tanh', gelu: 'none' };

/** GPT-2: learned positions, norms before each half of a layer, one matrix for query, key and value. */
export const gpt2: Architecture = {
  modelType: 'gpt2',
  plan(json, contextWindow) {
    const config = parseGpt2Config(json);
    refuseUnsupported(config);
    return planGpt2(config, contextWindow ?? config.n_positions);
  },
};

function refuseUnsupported({ activation_function: activation, add_cross_attention: crossAttention }: Gpt2Config): void {
  const refuse = (field: string, value: unknown, supported: string) => {
    const message = `config.json: ${field} ${JSON.stringify(value)} is not supported for gpt2; supported: ${supported}`;
    throw new GptEdgeError('unsupported_model', message, { param: 'config.json' });
  };
  if (!Object.hasOwn(ACTIVATIONS, activation)) refuse('activation_function', activation, Object.keys(ACTIVATIONS).join(', '));
  if (crossAttention) refuse('add_cross_attention', crossAttention, 'false');
}

function planGpt2(config: Gpt2Config, contextWindow: number): DecoderPlan {
  const { n_embd: width, n_layer: layers, n_head: heads, vocab_size: vocabularySize, tie_word_embeddings: tied } = config;
  const inner = config.n_inner ?? 4 * width;
  if (contextWindow > config.n_positions) {
    const message = `contextWindow ${contextWindow} is over the model's n_positions of ${config.n_positions}`;
    throw new GptEdgeError('invalid_value', message, { param: 'contextWindow' });
  }
  const shape = {
    contextWindow,
    vocabularySize,
    layers,
    hiddenSize: width,
    heads,
    keyValueHeads: heads,
    headDimension: paddedHeadSize(width / heads),
  };
  return {
    shape,
    tensors: gpt2TensorShapes(config, inner),
    prefix: 'transformer.',
    // Causal masks that old checkpoints carry along, and a head that the configuration says is the embedding.
    isIgnored: (name) => /^h\.\d+\.attn\.(bias|masked_bias)$/.test(name) || (tied && name === 'lm_head.weight'),
    multiplyAddsPerToken: layers * (4 * width * heads * shape.headDimension + 2 * width * inner) + width * vocabularySize,
    writeGraph: (context) => writeGraph(context, config, shape),
  };
}

async function writeGraph(context: GraphContext, config: Gpt2Config, shape: DecoderPlan['shape']): Promise<void> {
  const { graph, dtype, read } = context;
  const inputs = declareDecoder(graph, shape, shape.vocabularySize);
  const tokens = await dtype.table(context, 'token_embedding.weight', await read('wte.weight'));
  const allPositions = await read('wpe.weight');
  const positions = await dtype.table(context, 'position_embedding.weight', {
    shape: [shape.contextWindow, shape.hiddenSize],
    values: allPositions.values.subarray(0, shape.contextWindow * shape.hiddenSize),
  });
  let hidden = graph.node('Add', 'embedding', [
    tokens.lookUp('token_embedding', inputs.inputIds),
    positions.lookUp('position_embedding', inputs.positionIds),
  ]);
  for (let layer = 0; layer < config.n_layer; layer++) {
    hidden = await writeAttention(context, config, inputs, layer, hidden);
    hidden = await writeFeedForward(context, config, layer, hidden);
  }
  const last = await writeNorm(context, config, 'final_norm', 'ln_f', keepLastPositions(graph, hidden, inputs));
  const head = config.tie_word_embeddings ? tokens : await dtype.table(context, 'head.weight', await read('lm_head.weight'));
  head.project('logits', last);
}

/** Adds a layer's attention to `hidden` [batch, positions, width]. */
async function writeAttention(
  context: GraphContext,
  config: Gpt2Config,
  inputs: DecoderInputs,
  layer: number,
  hidden: string,
): Promise<string> {
  const { graph, read } = context;
  const name = `layers.${layer}.attention`;
  const source = `h.${layer}.attn`;
  const headSize = config.n_embd / config.n_head;
  const padding = { from: headSize, to: paddedHeadSize(headSize) };
  const normed = await writeNorm(context, config, `${name}.norm`, `h.${layer}.ln_1`, hidden);
  const qkvMatrix = padHeadColumns(await read(`${source}.c_attn.weight`), padding);
  const qkvBias = padHeadColumns(await read(`${source}.c_attn.bias`), padding);
  const qkv = await writeAffine(context, `${name}.qkv`, normed, qkvMatrix, qkvBias);
  // Query, key and value lie side by side in one input, so that the next two stay empty.
  const cache = ['key', 'value'].map((part) => `past_key_values.${layer}.${part}`);
  const attended = graph.node('GroupQueryAttention', name, [qkv, '', '', ...cache, inputs.sequenceLengths, inputs.totalLength], {
    domain: MICROSOFT,
    outputs: [name, `present.${layer}.key`, `present.${layer}.value`],
    attributes: { num_heads: BigInt(config.n_head), kv_num_heads: BigInt(config.n_head), scale: attentionScale(config, layer) },
  });
  const outMatrix = padHeadRows(await read(`${source}.c_proj.weight`), padding);
  const out = await writeAffine(context, `${name}.output`, attended, outMatrix, await read(`${source}.c_proj.bias`));
  return graph.node('Add', `${name}.residual`, [hidden, out]);
}

/** What scores are multiplied by. It follows the true head size, not the padded one. */
function attentionScale(config: Gpt2Config, layer: number): number {
  const byHeadSize = config.scale_attn_weights ? 1 / Math.sqrt(config.n_embd / config.n_head) : 1;
  return config.scale_attn_by_inverse_layer_idx ? byHeadSize / (layer + 1) : byHeadSize;
}

/** Adds a layer's feed-forward half to `hidden` [batch, positions, width]. */
async function writeFeedForward(context: GraphContext, config: Gpt2Config, layer: number, hidden: string): Promise<string> {
  const { graph, read } = context;
  const name = `layers.${layer}.feed_forward`;
  const source = `h.${layer}.mlp`;
  const normed = await writeNorm(context, config, `${name}.norm`, `h.${layer}.ln_2`, hidden);
  const up = await writeAffine(context, `${name}.up`, normed, await read(`${source}.c_fc.weight`), await read(`${source}.c_fc.bias`));
  const active = graph.node('Gelu', `${name}.activation`, [up], { attributes: { approximate: ACTIVATIONS[config.activation_function] } });
  const down = await writeAffine(
    context,
    `${name}.down`,
    active,
    await read(`${source}.c_proj.weight`),
    await read(`${source}.c_proj.bias`),
  );
  return graph.node('Add', `${name}.residual`, [hidden, down]);
}

async function writeAffine(context: GraphContext, name: string, x: string, weight: Weight, bias: Weight): Promise<string> {
  const matrix: Matrix = { ...weight, order: 'inputs-first' };
  const product = await context.dtype.multiply(context, name, x, matrix);
  return context.graph.node('Add', `${name}.biased`, [product, await context.dtype.vector(context, `${name}.bias`, bias)]);
}

async function writeNorm(context: GraphContext, config: Gpt2Config, name: string, source: string, x: string): Promise<string> {
  const scale = await context.dtype.vector(context, `${name}.weight`, await context.read(`${source}.weight`));
  const bias = await context.dtype.vector(context, `${name}.bias`, await context.read(`${source}.bias`));
  return context.graph.node('LayerNormalization', name, [x, scale, bias], {
    attributes: { axis: -1n, epsilon: config.layer_norm_epsilon },
  });
}
