import { type DecoderInputs, declareDecoder, keepLastPositions } from '../graph/decoder-inputs.ts';
import { type RotaryTables, writeGroupQueryAttention } from '../graph/group-query-attention.ts';
import { writeActivation } from './activations.ts';
import type { DecoderPlan, DecoderShape, GraphContext } from './architecture.ts';
import { type LlamaLayout, llamaTensorShapes } from './llama-tensors.ts';
import { type RmsNorm, writeHeadNorm, writeLinear, writeProjections, writeRmsNorm } from './modules.ts';
import { paddedHeadSize, padHeadColumns } from './pad-heads.ts';
import type { RotaryConfig } from './rotary-config.ts';
import { type RotaryWaves, rotaryWaves } from './rotary-frequencies.ts';
import { checkRotaryTables, writeRotaryTables } from './rotary-tables.ts';

/** Matrices are [outputs, inputs], the order of PyTorch's Linear. */
const ORDER = 'outputs-first';

/**
 * A model built like LLaMA: rotary positions, grouped queries, RMS norms, a gated feed-forward half, and LLaMA's names
 * of tensors.
 */
export interface LlamaDecoder extends LlamaLayout {
  readonly shape: DecoderShape;
  readonly epsilon: number;
  /** The gate's activation, by its name in transformers. */
  readonly activation: string;
  /** What attention scores are multiplied by. */
  readonly scale: number;
  /** What is added to the norms' weights. Default: 0 */
  readonly normOffset?: number;
  /** What token embeddings are multiplied by. Default: 1 */
  readonly embeddingScale?: number;
  /** Whether each layer is a local one. Default: none is. */
  readonly localLayers?: readonly boolean[];
  /** Positions that local layers see, their own included. Default: all */
  readonly window?: number;
  readonly rotary: RotaryConfig;
  /** The rotary positions of local layers. Default: the same */
  readonly localRotary?: RotaryConfig;
}

/**
 * Plans a model that is built like LLaMA.
 * @throws GptEdgeError `unsupported_model` for rotary positions that are not implemented or whose tables are too large
 */
export function planLlamaDecoder(decoder: LlamaDecoder): DecoderPlan {
  const { shape, inner, tied } = decoder;
  const { layers, heads, keyValueHeads, headDimension, hiddenSize: width, contextWindow, vocabularySize } = shape;
  checkRotaryTables({ positions: contextWindow, pairs: headDimension / 2 });
  const perLayer = 2 * width * (heads + keyValueHeads) * headDimension + 3 * width * inner;
  const waves = layerWaves(decoder);
  return {
    shape,
    tensors: llamaTensorShapes(decoder),
    prefix: 'model.',
    tied: tied ? { table: 'embed_tokens.weight', head: 'lm_head.weight' } : undefined,
    // Old checkpoints carry frequencies along.
    isIgnored: (name) => /(^|\.)rotary_emb\.inv_freq$/.test(name),
    multiplyAddsPerToken: layers * perLayer + width * vocabularySize,
    writeGraph: (context) => writeGraph(context, decoder, waves),
  };
}

/** How positions rotate in layers of one kind or of two. */
interface Waves {
  /** Those of global layers; if there is one kind of layers alone, theirs. */
  readonly global: RotaryWaves;
  /** Those of local layers, if they differ. */
  readonly local?: RotaryWaves;
}

/** Computes only the waves that some layer reads: tables that no operator reads would be dead weight. */
function layerWaves({ rotary, localRotary = rotary, localLayers, headSize, shape }: LlamaDecoder): Waves {
  const wavesOf = (config: RotaryConfig) => rotaryWaves(config, { headSize, contextWindow: shape.contextWindow });
  if (localLayers?.every(Boolean)) return { global: wavesOf(localRotary) };
  const hasOwn = localRotary !== rotary && localLayers?.includes(true);
  return { global: wavesOf(rotary), local: hasOwn ? wavesOf(localRotary) : undefined };
}

/** Names of the values that each layer's attention reads besides the hidden ones. */
interface Shared extends DecoderInputs {
  readonly rotary: RotaryTables;
  readonly localRotary: RotaryTables;
}

async function writeGraph(context: GraphContext, decoder: LlamaDecoder, waves: Waves): Promise<void> {
  const { graph, dtype } = context;
  const { shape, tied } = decoder;
  const inputs = declareDecoder(graph, shape, { vocabularySize: shape.vocabularySize, positionIds: false });
  const tables = { positions: shape.contextWindow, pairs: shape.headDimension / 2 };
  const rotary = await writeRotaryTables(context, 'rotary', waves.global, tables);
  const localRotary = waves.local ? await writeRotaryTables(context, 'rotary.local', waves.local, tables) : rotary;
  const tokens = await dtype.table(context, 'token_embedding.weight', context.table('embed_tokens.weight'));
  let hidden = await scaled(context, decoder, tokens.lookUp('token_embedding', inputs.inputIds));
  for (let layer = 0; layer < shape.layers; layer++) {
    hidden = await writeAttention(context, decoder, { ...inputs, rotary, localRotary }, layer, hidden);
    hidden = await writeFeedForward(context, decoder, layer, hidden);
  }
  const last = await writeRmsNorm(context, norm(decoder, 'final_norm', 'norm'), keepLastPositions(graph, hidden, inputs));
  const head = tied ? tokens : await dtype.table(context, 'head.weight', context.table('lm_head.weight'));
  head.project('logits', last);
}

async function scaled({ graph }: GraphContext, { embeddingScale }: LlamaDecoder, tokens: string): Promise<string> {
  if (embeddingScale === undefined) return tokens;
  return graph.node('Mul', 'token_embedding.scaled', [tokens, graph.float('token_embedding.scale', embeddingScale)]);
}

function norm({ epsilon, normOffset: offset }: LlamaDecoder, name: string, source: string): RmsNorm {
  return { name, source, epsilon, offset };
}

/** Adds a layer's attention to `hidden` [batch, positions, width]. */
async function writeAttention(context: GraphContext, decoder: LlamaDecoder, shared: Shared, layer: number, hidden: string) {
  const { graph, read } = context;
  const { shape, headSize, outputBias, aroundNorms } = decoder;
  const name = `layers.${layer}.attention`;
  const source = `layers.${layer}.self_attn`;
  const padding = halfPadding(headSize);
  const x = await writeRmsNorm(context, norm(decoder, `${name}.norm`, `layers.${layer}.input_layernorm`), hidden);
  const isLocal = decoder.localLayers?.[layer] ?? false;
  const attended = writeGroupQueryAttention(graph, shared, {
    name,
    layer,
    ...(await writeQueryKeyValue(context, decoder, layer, x)),
    heads: shape.heads,
    keyValueHeads: shape.keyValueHeads,
    scale: decoder.scale,
    window: isLocal ? decoder.window : undefined,
    rotary: isLocal ? shared.localRotary : shared.rotary,
  });
  const outMatrix = { ...padHeadColumns(await read(`${source}.o_proj.weight`), padding), order: ORDER } as const;
  const bias = outputBias ? await read(`${source}.o_proj.bias`) : undefined;
  const output = await writeLinear(context, `${name}.output`, attended, outMatrix, bias);
  const added = aroundNorms
    ? await writeRmsNorm(context, norm(decoder, `${name}.output_norm`, `layers.${layer}.post_attention_layernorm`), output)
    : output;
  return graph.node('Add', `${name}.residual`, [hidden, added]);
}

/** Projects `x` [batch, positions, width] to queries, keys and values, and normalizes each head of the first two. */
async function writeQueryKeyValue(context: GraphContext, decoder: LlamaDecoder, layer: number, x: string) {
  const name = `layers.${layer}.attention`;
  const source = `layers.${layer}.self_attn`;
  const { headSize, projectionBias, headNorms } = decoder;
  const padding = halfPadding(headSize);
  const projected = await writeProjections(context, { name, source, padding, biased: projectionBias }, x);
  if (!headNorms) return projected;
  const normalize = (part: 'query' | 'key') => {
    const heads = { ...norm(decoder, `${name}.${part}_norm`, `${source}.${part[0]}_norm`), padding };
    return writeHeadNorm(context, heads, projected[part]);
  };
  return { query: await normalize('query'), key: await normalize('key'), value: projected.value };
}

/**
 * The two halves of a head are rotated against each other. Each is padded on its own, so that it stays where the
 * operator expects it.
 */
function halfPadding(headSize: number) {
  return { from: headSize / 2, to: paddedHeadSize(headSize) / 2 };
}

/** Adds a layer's gated feed-forward half to `hidden` [batch, positions, width]: down(active(gate(x)) * up(x)). */
async function writeFeedForward(context: GraphContext, decoder: LlamaDecoder, layer: number, hidden: string): Promise<string> {
  const { graph, read } = context;
  const { activation, feedForwardBias, aroundNorms } = decoder;
  const name = `layers.${layer}.feed_forward`;
  const multiply = async (part: 'gate' | 'up' | 'down', x: string) => {
    const source = `layers.${layer}.mlp.${part}_proj`;
    const matrix = { ...(await read(`${source}.weight`)), order: ORDER } as const;
    return writeLinear(context, `${name}.${part}`, x, matrix, feedForwardBias ? await read(`${source}.bias`) : undefined);
  };
  const before = aroundNorms ? 'pre_feedforward_layernorm' : 'post_attention_layernorm';
  const x = await writeRmsNorm(context, norm(decoder, `${name}.norm`, `layers.${layer}.${before}`), hidden);
  const active = writeActivation(graph, activation, name, await multiply('gate', x));
  const down = await multiply('down', graph.node('Mul', `${name}.gated`, [active, await multiply('up', x)]));
  const added = aroundNorms
    ? await writeRmsNorm(context, norm(decoder, `${name}.output_norm`, `layers.${layer}.post_feedforward_layernorm`), down)
    : down;
  return graph.node('Add', `${name}.residual`, [hidden, added]);
}
