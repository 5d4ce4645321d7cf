import { mkdir, open, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Dtype, GraphTarget, Weight } from '../../../src/convert/dtypes/dtype.ts';
import { findDtype } from '../../../src/convert/dtypes/index.ts';
import { readGraph } from '../../../src/convert/files/read-graph.ts';
import { type DecoderInputs, declareDecoder, keepLastPositions } from '../../../src/convert/graph/decoder-inputs.ts';
import { EXTERNAL_DATA_FILE, ExternalDataWriter } from '../../../src/convert/graph/external-data-writer.ts';
import { ElementType, GraphBuilder, MICROSOFT } from '../../../src/convert/graph/graph-builder.ts';
import { writeGroupQueryAttention } from '../../../src/convert/graph/group-query-attention.ts';
import type { Manifest } from '../../../src/core/folder/manifest.ts';
import { countWeights } from '../../../src/core/onnx/count-weights.ts';
import type { ModelFolder } from '../../../src/local/model-folder.ts';
import { SeededRandom } from '../../generation/seeded-random.ts';

export interface RandomDecoder {
  readonly folder: ModelFolder;
  /** Operators and sizes, for the message of a test that fails. */
  readonly description: string;
  /** The fewest bits of any matrix. With 4 or 8, activations are quantized. */
  readonly bits: 4 | 8 | 32;
}

/** A decoder with random sizes, weights and operators that the edge engine supports, in a folder of its own. */
export async function randomDecoder(parent: string, seed: number, contextWindow = 160): Promise<RandomDecoder> {
  const random = new SeededRandom(seed);
  const path = join(parent, String(seed));
  await mkdir(path);
  const file = await open(join(path, EXTERNAL_DATA_FILE), 'wx');
  const graph = new GraphBuilder('random');
  const writer = new RandomGraph(random, { graph, data: new ExternalDataWriter(file) }, contextWindow);
  await writer.write().finally(() => file.close());
  await writeFile(join(path, 'model.onnx'), graph.toBytes());
  const entry = async (name: string) => [name, { bytes: (await stat(join(path, name))).size, sha256: '0'.repeat(64) }];
  const files = Object.fromEntries(await Promise.all(['model.onnx', EXTERNAL_DATA_FILE].map(entry)));
  const { vocabularySize, hiddenSize, heads, keyValueHeads, headDimension, layers } = writer;
  const manifest = {
    id: `random-${seed}`,
    ...countWeights(await readGraph(join(path, 'model.onnx'))),
    contextWindow,
    vocabularySize,
    hiddenSize,
    layers,
    heads,
    keyValueHeads,
    headDimension,
    kvBytesPerToken: 8 * layers * keyValueHeads * headDimension,
    files,
  } as unknown as Manifest;
  return { folder: { path, manifest }, description: writer.log.join(' '), bits: writer.bits };
}

class RandomGraph {
  readonly log: string[] = [];
  readonly vocabularySize: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headDimension: number;
  layers = 0;
  hiddenSize = 0;
  bits: RandomDecoder['bits'] = 32;
  readonly #random: SeededRandom;
  readonly #target: GraphTarget;
  readonly #contextWindow: number;
  #count = 0;

  constructor(random: SeededRandom, target: GraphTarget, contextWindow: number) {
    this.#random = random;
    this.#contextWindow = contextWindow;
    this.#target = target;
    this.vocabularySize = 16 + random.integer(120);
    this.keyValueHeads = 1 + random.integer(3);
    this.heads = this.keyValueHeads * (1 + random.integer(5));
    this.headDimension = 16 * (1 + random.integer(4));
  }

  async write(): Promise<void> {
    const layers = 1 + this.#random.integer(2);
    this.layers = layers;
    const { graph } = this.#target;
    const { vocabularySize, keyValueHeads, headDimension } = this;
    const inputs = declareDecoder(graph, { layers, keyValueHeads, headDimension }, { vocabularySize, positionIds: true });
    let width = 8 * (1 + this.#random.integer(16)) + (this.#random.integer(3) === 0 ? 1 + this.#random.integer(7) : 0);
    this.hiddenSize = width;
    const tableDtype = this.#dtype();
    const table = await tableDtype.table(this.#target, 'tokens', this.#weight([vocabularySize, width]));
    let hidden = table.lookUp('hidden', inputs.inputIds);
    if (this.#random.integer(2) === 0) {
      const positions = await this.#dtype().table(this.#target, 'positions', this.#weight([this.#contextWindow, width]));
      hidden = graph.node('Add', 'with_positions', [hidden, positions.lookUp('position', inputs.positionIds)]);
    }
    const tied = width;
    for (let layer = 0; layer < layers; layer++) {
      for (let count = this.#random.integer(4); count > 0; count--) [hidden, width] = await this.#step(hidden, width);
      [hidden, width] = await this.#attention(inputs, layer, hidden, width);
      for (let count = this.#random.integer(4); count > 0; count--) [hidden, width] = await this.#step(hidden, width);
    }
    const cut = this.#random.integer(4) === 0 ? hidden : keepLastPositions(graph, hidden, inputs);
    const normed = await this.#norm(cut, width);
    if (width !== tied && this.#random.integer(3) === 0) return this.#transposedHead(normed, width);
    const head = width === tied ? table : await this.#dtype().table(this.#target, 'head', this.#weight([vocabularySize, width]));
    head.project('logits', normed);
  }

  /** A head in floats whose axes the graph swaps. */
  async #transposedHead(x: string, width: number): Promise<void> {
    const { graph } = this.#target;
    const matrix = await this.#vector('head', [this.vocabularySize, width]);
    graph.node('MatMul', 'logits', [x, graph.node('Transpose', 'head.transposed', [matrix])]);
  }

  /** One operator, or a few that belong together, on rows of `width`. */
  async #step(x: string, width: number): Promise<[string, number]> {
    const { graph } = this.#target;
    const name = this.#name();
    const choice = this.#random.integer(13);
    if (choice === 0) return [await this.#norm(x, width), width];
    if (choice === 1) return this.#multiply(x, width, 4 + this.#random.integer(120));
    if (choice === 2) return [graph.node('Add', name, [x, await this.#vector(name, [width])]), width];
    if (choice === 3) return [graph.node('Mul', name, [await this.#vector(name, [width]), x]), width];
    if (choice === 4) return [graph.node('Gelu', name, [x], { attributes: { approximate: this.#random.pick(['none', 'tanh']) } }), width];
    if (choice === 5) return [graph.node('Tanh', name, [x]), width];
    if (choice === 6) return [graph.node('Sigmoid', name, [x]), width];
    if (choice === 7) return this.#gated(x, width);
    if (choice === 8) return [await this.#skipNorm(x, width), width];
    if (choice === 9) return [graph.node('FastGelu', name, [x, await this.#vector(name, [width])], { domain: MICROSOFT }), width];
    if (choice === 10) return [graph.node('Relu', name, [x]), width];
    if (choice === 11) return [graph.node('Mul', name, [x, graph.float(`${name}.factor`, 2 * this.#random.next())]), width];
    const [branch] = await this.#multiply(x, width, width);
    return [graph.node('Add', name, [x, branch]), width];
  }

  async #gated(x: string, width: number): Promise<[string, number]> {
    const { graph } = this.#target;
    const name = this.#name();
    const [gate, inner] = await this.#multiply(x, width, 8 + this.#random.integer(80));
    const [up] = await this.#multiply(x, width, inner);
    const pair = [gate, graph.node('Sigmoid', `${name}.sigmoid`, [gate])];
    const active = graph.node('Mul', `${name}.active`, this.#random.integer(2) === 0 ? pair : pair.reverse());
    const kind = this.#random.integer(3);
    // silu alone, silu times up, and up times silu
    return [kind === 0 ? active : graph.node('Mul', name, kind === 1 ? [active, up] : [up, active]), inner];
  }

  async #norm(x: string, width: number): Promise<string> {
    const { graph } = this.#target;
    const name = this.#name();
    const gain = await this.#vector(`${name}.gain`, [width]);
    if (this.#random.integer(2) === 0)
      return graph.node('SimplifiedLayerNormalization', name, [x, gain], { attributes: { axis: -1n, epsilon: 1e-5, stash_type: 1n } });
    const bias = await this.#vector(`${name}.bias`, [width]);
    return graph.node('LayerNormalization', name, [x, gain, bias], { attributes: { axis: -1n, epsilon: 1e-5 } });
  }

  async #skipNorm(x: string, width: number): Promise<string> {
    const { graph } = this.#target;
    const name = this.#name();
    const [skip] = await this.#multiply(x, width, width);
    const inputs = [x, skip, await this.#vector(`${name}.gain`, [width])];
    const outputs = [`${name}.normed`, '', '', name];
    const normed = graph.node('SkipSimplifiedLayerNormalization', `${name}.node`, inputs, {
      domain: MICROSOFT,
      outputs,
      attributes: { epsilon: 1e-5 },
    });
    return graph.node('Add', `${name}.both`, [normed, name]);
  }

  async #attention(inputs: DecoderInputs, layer: number, x: string, width: number): Promise<[string, number]> {
    const name = `attention.${layer}`;
    const [heads, keyValueHeads, size] = [this.heads, this.keyValueHeads, this.headDimension];
    const normed = await this.#norm(x, width);
    const packed = this.#random.integer(3) === 0;
    // ONNX Runtime rotates a packed input too, but is not asked to here.
    const rotary = !packed && this.#random.integer(2) === 0 ? await this.#rotary(layer) : undefined;
    const project = async (count: number) => (await this.#multiply(normed, width, count * size))[0];
    const hasHeadNorms = this.#random.integer(3) === 0;
    const normalize = (x: string, count: number) => (hasHeadNorms ? this.#headNorm(x, count) : x);
    const parts =
      packed && hasHeadNorms
        ? await this.#splitParts(await project(heads + 2 * keyValueHeads))
        : packed
          ? { query: await project(heads + 2 * keyValueHeads) }
          : {
              query: await normalize(await project(heads), heads),
              key: await normalize(await project(keyValueHeads), keyValueHeads),
              value: await project(keyValueHeads),
            };
    const window = this.#random.integer(3) === 0 ? 1 + this.#random.integer(60) : undefined;
    this.log.push(
      `attention ${heads}/${keyValueHeads}x${size}${window ? ` window ${window}` : ''}${rotary ? ' rotary' : ''}${packed ? ' packed' : ''}`,
    );
    const scale = this.#random.pick([1 / Math.sqrt(size), 0.3]);
    return [
      writeGroupQueryAttention(this.#target.graph, inputs, { name, layer, ...parts, heads, keyValueHeads, scale, window, rotary }),
      heads * size,
    ];
  }

  /** Divides queries, keys and values that lie side by side, and normalizes the heads of the first two. */
  async #splitParts(packed: string) {
    const { graph } = this.#target;
    const name = this.#name();
    const counts = [this.heads, this.keyValueHeads, this.keyValueHeads];
    const sizes = graph.constant(
      `${name}.sizes`,
      counts.map((count) => BigInt(count * this.headDimension)),
    );
    const [query, key, value] = ['query', 'key', 'value'].map((part) => `${name}.${part}`);
    graph.node('Split', name, [packed, sizes], { outputs: [query, key, value], attributes: { axis: -1n } });
    return { query: await this.#headNorm(query, counts[0]), key: await this.#headNorm(key, counts[1]), value };
  }

  /** Normalizes each head, of which the graph may count each as a position. */
  async #headNorm(x: string, count: number): Promise<string> {
    const { graph } = this.#target;
    const name = this.#name();
    const size = BigInt(this.headDimension);
    const shape = this.#random.integer(2) === 0 ? [0n, 0n, -1n, size] : [0n, -1n, size];
    const heads = graph.node('Reshape', `${name}.heads`, [x, graph.constant(`${name}.heads.shape`, shape)]);
    const normed = await this.#norm(heads, this.headDimension);
    return graph.node('Reshape', `${name}.joined`, [normed, graph.constant(`${name}.shape`, [0n, -1n, size * BigInt(count)])]);
  }

  async #rotary(layer: number): Promise<{ cos: string; sin: string }> {
    const pairs = this.headDimension / 2;
    const table = async (name: string, wave: (angle: number) => number) => {
      const values = Float32Array.from({ length: this.#contextWindow * pairs }, (_, i) =>
        wave(Math.floor(i / pairs) * 100 ** (-(i % pairs) / pairs)),
      );
      return this.#target.graph.weight(
        `${name}.${layer}`,
        ElementType.FLOAT,
        [this.#contextWindow, pairs],
        await this.#target.data.append(values),
      );
    };
    return { cos: await table('cos', Math.cos), sin: await table('sin', Math.sin) };
  }

  async #multiply(x: string, inputs: number, outputs: number): Promise<[string, number]> {
    const order = this.#random.pick(['inputs-first', 'outputs-first'] as const);
    const matrix = { ...this.#weight(order === 'inputs-first' ? [inputs, outputs] : [outputs, inputs], 1 / Math.sqrt(inputs)), order };
    return [await this.#dtype().multiply(this.#target, this.#name(), x, matrix), outputs];
  }

  async #vector(name: string, shape: readonly number[]): Promise<string> {
    const dtype = findDtype(this.#random.pick(['fp32', 'fp16']));
    return dtype.vector(this.#target, `${name}.vector`, this.#weight(shape, 1));
  }

  #dtype(): Dtype {
    const name = this.#random.pick(['fp32', 'fp32', 'fp16', 'q8', 'q4']);
    this.log.push(name);
    this.bits = Math.min(this.bits, name === 'q4' ? 4 : name === 'q8' ? 8 : 32) as RandomDecoder['bits'];
    return findDtype(name, 'same');
  }

  #weight(shape: readonly number[], spread = 1): Weight {
    const count = shape.reduce((product, size) => product * size, 1);
    return { shape, values: Float32Array.from({ length: count }, () => (this.#random.next() + this.#random.next() - 1) * 2 * spread) };
  }

  #name(): string {
    return `node.${this.#count++}`;
  }
}
