import { z } from 'zod';
import { MAX_DIMENSION, MAX_LAYERS, MAX_VOCABULARY } from '../../core/limits.ts';
import type { Weight } from '../dtypes/dtype.ts';
import type { DecoderInputs } from '../graph/decoder-inputs.ts';
import { writeGroupQueryAttention } from '../graph/group-query-attention.ts';
import { reorderRows } from '../tensors/reorder-rows.ts';
import { activationNames } from './activations.ts';
import type { Architecture, GraphContext } from './architecture.ts';
import { chooseContextWindow, countSchema, failConfig, parseConfig, refuseUnsupported, wholeHeads } from './config-json.ts';
import { gptShape, planGptDecoder, type WriteAttention } from './gpt-decoder.ts';
import type { GptNames } from './gpt-tensors.ts';
import { writeLinear } from './modules.ts';
import { paddedHeadSize, padHeadColumns, padHeadRows } from './pad-heads.ts';
import { type RotaryConfig, readRotary, rotaryFields, rotaryTypes } from './rotary-config.ts';
import { type RotaryWaves, rotaryWaves, rotatedSize } from './rotary-frequencies.ts';
import { checkRotaryTables, writeRotaryTables } from './rotary-tables.ts';
import { type RotatedHead, rotatedHead } from './rotated-head.ts';

const schema = z
  .object({
    vocab_size: countSchema(MAX_VOCABULARY),
    hidden_size: countSchema(MAX_DIMENSION),
    num_hidden_layers: countSchema(MAX_LAYERS),
    num_attention_heads: countSchema(MAX_DIMENSION),
    intermediate_size: countSchema(MAX_DIMENSION),
    hidden_act: z.string().default('gelu'),
    layer_norm_eps: z.number().positive().max(1).default(1e-5),
    tie_word_embeddings: z.boolean().default(false),
    use_parallel_residual: z.boolean().default(true),
    attention_bias: z.boolean().default(true),
    /** The names of theta and of the rotated part of a head in transformers 4. */
    rotary_emb_base: z.number().min(1).max(1e15).default(10_000),
    rotary_pct: z.number().positive().max(1).default(0.25),
    ...rotaryFields,
  })
  .refine(...wholeHeads);

type GptNeoxConfig = z.infer<typeof schema>;

const NAMES: GptNames = {
  prefix: 'gpt_neox.',
  table: 'embed_in',
  finalNorm: 'final_layer_norm',
  head: 'embed_out',
  layers: 'layers',
  attention: 'attention',
  attentionNorm: 'input_layernorm',
  feedForwardNorm: 'post_attention_layernorm',
  up: 'mlp.dense_h_to_4h',
  down: 'mlp.dense_4h_to_h',
};
/** transformers 5 writes the head under this name. */
const OTHER_NAMES = { 'lm_head.weight': 'embed_out.weight' };
/** Matrices are [outputs, inputs], the order of PyTorch's Linear. */
const ORDER = 'outputs-first';
/** Old checkpoints carry causal masks and frequencies along. */
const IGNORED = /^layers\.\d+\.attention\.(bias|masked_bias|rotary_emb\.inv_freq)$/;

/**
 * GPT-NeoX, of which Pythia is the best known: both halves of a layer are computed from the same values, a part of each
 * head is rotated, and one matrix makes query, key and value of each head in turn.
 */
export const gptNeox: Architecture = {
  modelType: 'gpt_neox',
  plan(json, contextWindow) {
    const config = parseConfig(schema, json);
    const rotary = readRotary(config, { theta: config.rotary_emb_base, partialFactor: config.rotary_pct });
    if ('message' in rotary) throw failConfig(json, rotary);
    refuseUnsupported('gpt_neox', [
      { field: 'hidden_act', value: config.hidden_act, supported: activationNames },
      { field: 'rope_type', value: rotary.type, supported: rotaryTypes },
    ]);
    const { hidden_size: width, num_attention_heads: heads, max_position_embeddings: positions } = config;
    const shape = gptShape({
      contextWindow: chooseContextWindow(contextWindow, { field: 'max_position_embeddings', value: positions }),
      vocabularySize: config.vocab_size,
      layers: config.num_hidden_layers,
      hiddenSize: width,
      heads,
    });
    const rotation = planRotation(rotary, width / heads, shape.contextWindow);
    return planGptDecoder({
      names: NAMES,
      shape,
      positions,
      inner: config.intermediate_size,
      activation: config.hidden_act,
      epsilon: config.layer_norm_eps,
      norms: config.use_parallel_residual ? 'parallel' : 'before',
      tied: config.tie_word_embeddings,
      order: ORDER,
      attentionTensors: attentionTensors(config),
      otherNames: OTHER_NAMES,
      ignored: IGNORED,
      startAttention: (context, inputs) => startAttention(context, config, inputs, { ...rotation, positions: shape.contextWindow }),
    });
  },
};

/** How heads are rotated, and how their values are ordered for that. */
interface Rotation extends RotatedHead {
  readonly waves: RotaryWaves;
}

function planRotation(rotary: RotaryConfig, headSize: number, contextWindow: number): Rotation {
  const head = rotatedHead(rotatedSize(rotary, headSize), paddedHeadSize(headSize));
  checkRotaryTables({ positions: contextWindow, pairs: head.pairs });
  return { ...head, waves: rotaryWaves(rotary, { headSize, contextWindow }) };
}

function attentionTensors({ hidden_size: width, attention_bias: biased }: GptNeoxConfig): Record<string, number[]> {
  const biases = { 'query_key_value.bias': [3 * width], 'dense.bias': [width] };
  return { 'query_key_value.weight': [3 * width, width], 'dense.weight': [width, width], ...(biased ? biases : {}) };
}

async function startAttention(
  context: GraphContext,
  config: GptNeoxConfig,
  inputs: DecoderInputs,
  { waves, pairs, order, positions }: Rotation & { positions: number },
): Promise<WriteAttention> {
  const { graph, read } = context;
  const { num_attention_heads: heads, attention_bias: biased } = config;
  const headSize = config.hidden_size / heads;
  const padding = { from: headSize, to: paddedHeadSize(headSize) };
  const rotary = await writeRotaryTables(context, 'rotary', waves, { positions, pairs });
  return async (layer, x) => {
    const name = `layers.${layer}.attention`;
    const readPart = async (part: string) => read(`layers.${layer}.attention.${part}`);
    const matrix = ordered(padHeadRows(separate(await readPart('query_key_value.weight'), heads), padding), heads, order);
    const bias = biased
      ? ordered(padHeadColumns(separate(await readPart('query_key_value.bias'), heads), padding), heads, order)
      : undefined;
    const query = await writeLinear(context, `${name}.qkv`, x, { ...matrix, order: ORDER }, bias);
    const scale = 1 / Math.sqrt(headSize);
    const attended = writeGroupQueryAttention(graph, inputs, { name, layer, query, heads, keyValueHeads: heads, scale, rotary });
    const output = { ...padHeadColumns(await readPart('dense.weight'), padding), order: ORDER } as const;
    return writeLinear(context, `${name}.output`, attended, output, biased ? await readPart('dense.bias') : undefined);
  };
}

/** Puts the rows of all queries first, then those of all keys, then those of all values; they come head by head. */
function separate(packed: Weight, heads: number): Weight {
  const rows = packed.shape[0];
  const size = rows / (3 * heads);
  const sourceOf = (row: number) => {
    const [part, head] = [Math.floor(row / (heads * size)), Math.floor(row / size) % heads];
    return (head * 3 + part) * size + (row % size);
  };
  return { shape: packed.shape, ...reorderRows(packed, rows, sourceOf) };
}

/** Puts the rows of each query and each key into the order in which they are rotated. Values keep theirs. */
function ordered(separated: Weight, heads: number, order: readonly number[]): Weight {
  const rows = separated.shape[0];
  const size = order.length;
  const sourceOf = (row: number) => (row < 2 * heads * size ? row - (row % size) + order[row % size] : row);
  return { shape: separated.shape, ...reorderRows(separated, rows, sourceOf) };
}
