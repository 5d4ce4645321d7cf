import { z } from 'zod';
import { invalidFile } from '../../../core/invalid-file.ts';
import { MAX_CONTEXT_WINDOW, MAX_DIMENSION, MAX_LAYERS, MAX_VOCABULARY } from '../../../core/limits.ts';
import type { DecoderShape } from '../../architectures/architecture.ts';
import { countSchema, parseConfig } from '../../architectures/config-json.ts';
import type { DecoderInterface } from './check-decoder.ts';

const dimension = countSchema(MAX_DIMENSION).nullish();
const positions = countSchema(MAX_CONTEXT_WINDOW).nullish();
const layers = countSchema(MAX_LAYERS).nullish();
/** The keys of config.json that most families use, and those that only GPT-2 or GPT-Neo uses. */
const schema = z.object({
  model_type: z.string().min(1).max(64),
  vocab_size: countSchema(MAX_VOCABULARY).nullish(),
  max_position_embeddings: positions,
  n_positions: positions,
  num_hidden_layers: layers,
  n_layer: layers,
  num_layers: layers,
  hidden_size: dimension,
  n_embd: dimension,
  num_attention_heads: dimension,
  n_head: dimension,
  num_heads: dimension,
  num_key_value_heads: dimension,
  head_dim: dimension,
});

/**
 * Returns the sizes that a manifest states about a published graph. They are the graph's own, or config.json's if the
 * graph leaves one open.
 * @throws GptEdgeError `invalid_file` for a key of config.json that is invalid, is missing, or contradicts the graph
 */
export function publishedShape(graph: DecoderInterface, json: unknown): DecoderShape & { readonly modelType: string } {
  const config = parseConfig(schema, json);
  const heads = need('num_attention_heads', config.num_attention_heads ?? config.n_head ?? config.num_heads);
  const hiddenSize = need('hidden_size', config.hidden_size ?? config.n_embd);
  const keyValueHeads = config.num_key_value_heads ?? heads;
  const vocabularySize = need('vocab_size', config.vocab_size ?? graph.vocabularySize);
  agree('num_hidden_layers', config.num_hidden_layers ?? config.n_layer ?? config.num_layers, graph.layers);
  agree('num_key_value_heads', keyValueHeads, graph.keyValueHeads);
  agree('vocab_size', vocabularySize, graph.vocabularySize);
  return {
    modelType: config.model_type,
    contextWindow: need('max_position_embeddings', config.max_position_embeddings ?? config.n_positions),
    vocabularySize,
    layers: graph.layers,
    hiddenSize,
    heads,
    keyValueHeads,
    headDimension: graph.headDimension ?? headSize(config.head_dim ?? hiddenSize / heads),
  };
}

function need(key: string, value: number | null | undefined): number {
  if (typeof value === 'number') return value;
  throw invalidFile('config.json', `has no ${key} under any of its names, and the graph does not state it`);
}

function agree(key: string, stated: number | null | undefined, graphs: number | undefined): void {
  if (typeof stated !== 'number' || graphs === undefined || stated === graphs) return;
  throw invalidFile('config.json', `${key} ${stated} is not the ${graphs} of the graph`);
}

function headSize(size: number): number {
  if (Number.isInteger(size)) return size;
  throw invalidFile('config.json', 'hidden_size is not a multiple of num_attention_heads, and there is no head_dim');
}
