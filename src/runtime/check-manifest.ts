import { falseManifest } from '../core/folder/false-manifest.ts';
import type { Manifest } from '../core/folder/manifest.ts';
import { countWeights, type WeightCounts, weightDtypes } from '../core/onnx/count-weights.ts';
import { CACHE_PARTS, fedInputs, LOGITS, POSITION_IDS, parsePastName, pastName } from '../core/onnx/decoder-io.ts';
import type { GraphProto, ValueInfoProto } from '../core/onnx/onnx-ml_pb.js';

/** Something that says what a manifest states, too. An absent value is not known. */
interface Witness {
  readonly name: string;
  readonly values: Partial<Record<keyof Manifest, number | string | undefined>>;
}

/**
 * Checks what a manifest states against the graph and config.json: a false size would give nonsense, and a false count
 * of bytes a memory plan that does not hold. The tokens that begin and end a text are checked where the tokenizer is
 * loaded, the hashes where files are read. `license` and `source` are words that nothing here knows better.
 * @param configBytes config.json, if the folder has one
 * @throws GptEdgeError `model_unavailable`, naming the field, what the manifest states, and what was found
 */
export function checkManifest(manifest: Manifest, graph: GraphProto, configBytes?: Uint8Array): void {
  const config = new Config(configBytes);
  const counted = countWeights(graph);
  for (const { name, values } of [graphWitness(graph, counted), configWitness(config, graph)])
    for (const [field, found] of Object.entries(values)) {
      const stated = manifest[field as keyof Manifest];
      if (found !== undefined && stated !== found) throw falseManifest(field, stated, name, found);
    }
  checkContextWindow(manifest, graph, config);
  checkKvBytes(manifest);
  checkDtypes(manifest, graph, counted);
  checkParameters(manifest, graph, counted, config);
}

/** The numbers and words of a config.json, each under one of the names that families give it. */
class Config {
  readonly #json: Record<string, unknown>;

  constructor(bytes: Uint8Array | undefined) {
    this.#json = bytes === undefined ? {} : parseConfig(bytes);
  }

  number(...names: readonly string[]): number | undefined {
    return names.map((name) => this.#json[name]).find((value) => typeof value === 'number');
  }

  text(name: string): string | undefined {
    const value = this.#json[name];
    return typeof value === 'string' ? value : undefined;
  }

  get hiddenSize(): number | undefined {
    return this.number('hidden_size', 'n_embd');
  }

  get heads(): number | undefined {
    return this.number('num_attention_heads', 'n_head', 'num_heads');
  }

  get positions(): number | undefined {
    return this.number('max_position_embeddings', 'n_positions');
  }

  /** Values of one head. A graph of ours may fill it up. */
  get headSize(): number | undefined {
    const { hiddenSize, heads } = this;
    return this.number('head_dim') ?? (hiddenSize && heads ? hiddenSize / heads : undefined);
  }
}

function parseConfig(bytes: Uint8Array): Record<string, unknown> {
  try {
    const json: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof json === 'object' && json !== null ? (json as Record<string, unknown>) : {};
  } catch (cause) {
    throw falseManifest('files.config.json', 'a configuration', 'config.json', (cause as Error).message);
  }
}

function graphWitness(graph: GraphProto, { multiplyAddsPerToken }: WeightCounts): Witness {
  const { keyValueHeads, headDimension } = cacheSizes(graph);
  return {
    name: 'model.onnx',
    values: {
      vocabularySize: sizeOf(
        graph.output.find(({ name }) => name === LOGITS),
        2,
      ),
      layers: fedInputs(graph).filter(({ name }) => parsePastName(name)).length / CACHE_PARTS.length,
      heads: attentionHeads(graph),
      keyValueHeads,
      headDimension,
      multiplyAddsPerToken,
    },
  };
}

function configWitness(config: Config, graph: GraphProto): Witness {
  return {
    name: 'config.json',
    values: {
      architecture: config.text('model_type'),
      vocabularySize: config.number('vocab_size'),
      layers: config.number('num_hidden_layers', 'n_layer', 'num_layers'),
      hiddenSize: config.hiddenSize,
      heads: config.heads,
      keyValueHeads: config.number('num_key_value_heads') ?? config.heads,
      headDimension: cacheSizes(graph).headDimension === undefined ? config.headSize : undefined,
    },
  };
}

/** A graph made by ONNX Runtime's own tools may leave these sizes open. */
function cacheSizes(graph: GraphProto) {
  const past = graph.input.find(({ name }) => name === pastName({ layer: 0, part: 'key' }));
  return { keyValueHeads: sizeOf(past, 1), headDimension: sizeOf(past, 3) };
}

/** The size of one dimension of an input or output, if it is fixed. */
function sizeOf(value: ValueInfoProto | undefined, axis: number): number | undefined {
  const type = value?.type?.value;
  const dimension = type?.case === 'tensorType' ? type.value.shape?.dim[axis]?.value : undefined;
  return dimension?.case === 'dimValue' ? Number(dimension.value) : undefined;
}

function attentionHeads({ node }: GraphProto): number | undefined {
  const attention = node.find(({ opType }) => opType === 'GroupQueryAttention');
  const heads = attention?.attribute.find(({ name }) => name === 'num_heads');
  return heads && Number(heads.i);
}

/** A context window ends where the shortest table of positions does, or where config.json says. */
function checkContextWindow({ contextWindow }: Manifest, graph: GraphProto, { positions = Number.POSITIVE_INFINITY }: Config): void {
  const names = new Set(graph.node.flatMap(positionTables));
  const rows = graph.initializer.filter(({ name, dims }) => names.has(name) && dims.length > 1).map(({ dims }) => Number(dims[0]));
  const end = Math.min(positions, ...rows);
  if (contextWindow === end || end === Number.POSITIVE_INFINITY) return;
  throw falseManifest('contextWindow', contextWindow, end === positions ? 'config.json' : "model.onnx's positions", end);
}

/** Names of the tables of which a node reads one row for each position. */
function positionTables({ opType, input }: GraphProto['node'][number]): string[] {
  if (opType === 'GroupQueryAttention') return input.slice(7, 9);
  if (opType === 'RotaryEmbedding') return input.slice(2, 3);
  return opType.startsWith('Gather') && input[1] === POSITION_IDS ? input.slice(0, 1) : [];
}

function checkKvBytes({ kvBytesPerToken, layers, keyValueHeads, headDimension }: Manifest): void {
  // One key and one value in float32 for each head of each layer.
  const bytes = 2 * 4 * layers * keyValueHeads * headDimension;
  if (kvBytesPerToken !== bytes) throw falseManifest('kvBytesPerToken', kvBytesPerToken, 'layers, keyValueHeads and headDimension', bytes);
}

/** A published graph has one dtype, that of most weights; of our own graphs, tables may have another than matrices. */
function checkDtypes({ dtype, tablesDtype }: Manifest, graph: GraphProto, counted: WeightCounts): void {
  const { matrices, tables } = weightDtypes(graph);
  const found = tablesDtype === undefined ? counted.dtype : matrices;
  if (found !== undefined && dtype !== found) throw falseManifest('dtype', dtype, 'model.onnx', found);
  if (tablesDtype !== undefined && tablesDtype !== tables) throw falseManifest('tablesDtype', tablesDtype, 'model.onnx', tables);
}

/**
 * A manifest counts the checkpoint's parameters. Its graph may lack positions that were not kept, and have values that
 * heads, or the rows of a table that is stored in blocks, were filled up with.
 */
function checkParameters(
  { parameters, contextWindow, hiddenSize, headDimension }: Manifest,
  graph: GraphProto,
  counted: WeightCounts,
  config: Config,
): void {
  const hasPositions = graph.input.some(({ name }) => name === POSITION_IDS);
  const cut = hasPositions ? ((config.positions ?? contextWindow) - contextWindow) * hiddenSize : 0;
  const stored = counted.parameters + cut;
  const width = config.number('word_embed_proj_dim') ?? hiddenSize;
  const isPadded = (config.headSize !== undefined && config.headSize !== headDimension) || width % lookedUpBlock(graph) !== 0;
  if (parameters === stored || (isPadded && parameters < stored)) return;
  throw falseManifest('parameters', parameters, 'model.onnx', stored);
}

/** The values of a block of the tables that are looked up; 1 if these are not stored in blocks. */
function lookedUpBlock({ node }: GraphProto): number {
  const lookUp = node.find(({ opType }) => opType === 'GatherBlockQuantized');
  return Number(lookUp?.attribute.find(({ name }) => name === 'block_size')?.i ?? 1n);
}
