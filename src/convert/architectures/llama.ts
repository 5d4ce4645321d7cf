import { type DecoderInputs, declareDecoder, keepLastPositions } from '../graph/decoder-inputs.ts';
import { writeGroupQueryAttention } from '../graph/group-query-attention.ts';
import type { Architecture, DecoderPlan, DecoderShape, GraphContext } from './architecture.ts';
import { chooseContextWindow, refuseUnsupported } from './config-json.ts';
import { type LlamaConfig, parseLlamaConfig } from './llama-config.ts';
import { llamaTensorShapes } from './llama-tensors.ts';
import { writeProjections, writeRmsNorm } from './modules.ts';
import { paddedHeadSize, padHeadColumns } from './pad-heads.ts';
import { rotaryFrequencies } from './rotary-frequencies.ts';
import { checkRotaryTables, writeRotaryTables } from './rotary-tables.ts';

/** Matrices are [outputs, inputs], the order of PyTorch's Linear. */
const ORDER = 'outputs-first';

/** LLaMA 1 to 3 and models built like them: rotary positions, grouped queries, RMS norms, SwiGLU, no biases. */
export const llama: Architecture = {
  modelType: 'llama',
  plan(json, contextWindow) {
    const config = parseLlamaConfig(json);
    refuseUnsupported('llama', [
      { field: 'hidden_act', value: config.hidden_act, supported: ['silu'] },
      { field: 'attention_bias', value: config.attention_bias, supported: [false] },
      { field: 'mlp_bias', value: config.mlp_bias, supported: [false] },
      { field: 'rope_type', value: config.rotary.type, supported: ['default', 'llama3'] },
      { field: 'partial_rotary_factor', value: config.rotary.partialFactor, supported: [1] },
    ]);
    const positions = { field: 'max_position_embeddings', value: config.max_position_embeddings };
    return planLlama(config, chooseContextWindow(contextWindow, positions));
  },
};

function planLlama(config: LlamaConfig, contextWindow: number): DecoderPlan {
  const { hidden_size: width, num_attention_heads: heads, keyValueHeads, intermediate_size: inner } = config;
  const headDimension = paddedHeadSize(config.headSize);
  checkRotaryTables({ positions: contextWindow, pairs: headDimension / 2 });
  const perLayer = 2 * width * (heads + keyValueHeads) * headDimension + 3 * width * inner;
  const shape = {
    contextWindow,
    vocabularySize: config.vocab_size,
    layers: config.num_hidden_layers,
    hiddenSize: width,
    heads,
    keyValueHeads,
    headDimension,
  };
  return {
    shape,
    tensors: llamaTensorShapes(config),
    prefix: 'model.',
    tied: config.tie_word_embeddings ? { table: 'embed_tokens.weight', head: 'lm_head.weight' } : undefined,
    // Old checkpoints carry frequencies along.
    isIgnored: (name) => /(^|\.)rotary_emb\.inv_freq$/.test(name),
    multiplyAddsPerToken: shape.layers * perLayer + width * shape.vocabularySize,
    writeGraph: (context) => writeGraph(context, config, shape),
  };
}

/** Names of the values that each layer's attention reads besides the hidden ones. */
type Shared = DecoderInputs & { readonly rotary: { readonly cos: string; readonly sin: string } };

async function writeGraph(context: GraphContext, config: LlamaConfig, shape: DecoderShape): Promise<void> {
  const { graph, dtype, table } = context;
  const inputs = declareDecoder(graph, shape, { vocabularySize: shape.vocabularySize, positionIds: false });
  const frequencies = rotaryFrequencies(config.rotary, config.headSize);
  const rotary = await writeRotaryTables(context, frequencies, { positions: shape.contextWindow, pairs: shape.headDimension / 2 });
  const tokens = await dtype.table(context, 'token_embedding.weight', table('embed_tokens.weight'));
  let hidden = tokens.lookUp('token_embedding', inputs.inputIds);
  for (let layer = 0; layer < shape.layers; layer++) {
    hidden = await writeAttention(context, config, { ...inputs, rotary }, layer, hidden);
    hidden = await writeFeedForward(context, config, layer, hidden);
  }
  const norm = { name: 'final_norm', source: 'norm', epsilon: config.rms_norm_eps };
  const last = await writeRmsNorm(context, norm, keepLastPositions(graph, hidden, inputs));
  const head = config.tie_word_embeddings ? tokens : await dtype.table(context, 'head.weight', table('lm_head.weight'));
  head.project('logits', last);
}

/** Adds a layer's attention to `hidden` [batch, positions, width]. */
async function writeAttention(context: GraphContext, config: LlamaConfig, shared: Shared, layer: number, hidden: string) {
  const { graph, read, dtype } = context;
  const name = `layers.${layer}.attention`;
  const source = `layers.${layer}.self_attn`;
  // The two halves of a head are rotated against each other. Each is padded on its own, so that it stays where the
  // operator expects it.
  const padding = { from: config.headSize / 2, to: paddedHeadSize(config.headSize) / 2 };
  const norm = { name: `${name}.norm`, source: `layers.${layer}.input_layernorm`, epsilon: config.rms_norm_eps };
  const x = await writeRmsNorm(context, norm, hidden);
  const attended = writeGroupQueryAttention(graph, shared, {
    name,
    layer,
    ...(await writeProjections(context, { name, source, padding }, x)),
    heads: config.num_attention_heads,
    keyValueHeads: config.keyValueHeads,
    // The scale depends on the true head size, not on the padded one.
    scale: 1 / Math.sqrt(config.headSize),
    rotary: shared.rotary,
  });
  const outMatrix = { ...padHeadColumns(await read(`${source}.o_proj.weight`), padding), order: ORDER } as const;
  return graph.node('Add', `${name}.residual`, [hidden, await dtype.multiply(context, `${name}.output`, attended, outMatrix)]);
}

/** Adds a layer's feed-forward half, SwiGLU, to `hidden` [batch, positions, width]: down(silu(gate(x)) * up(x)). */
async function writeFeedForward(context: GraphContext, config: LlamaConfig, layer: number, hidden: string): Promise<string> {
  const { graph, read, dtype } = context;
  const name = `layers.${layer}.feed_forward`;
  const multiply = async (part: string, x: string) =>
    dtype.multiply(context, `${name}.${part}`, x, { ...(await read(`layers.${layer}.mlp.${part}_proj.weight`)), order: ORDER });
  const norm = { name: `${name}.norm`, source: `layers.${layer}.post_attention_layernorm`, epsilon: config.rms_norm_eps };
  const x = await writeRmsNorm(context, norm, hidden);
  const gate = await multiply('gate', x);
  const active = graph.node('Mul', `${name}.activation`, [gate, graph.node('Sigmoid', `${name}.sigmoid`, [gate])]);
  const gated = graph.node('Mul', `${name}.gated`, [active, await multiply('up', x)]);
  return graph.node('Add', `${name}.residual`, [hidden, await multiply('down', gated)]);
}
