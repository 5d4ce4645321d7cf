import { readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { GptEdgeError } from '../../core/errors.ts';
import { adapterFiles } from '../../core/folder/adapter-files.ts';
import { ADAPTER_DTYPES, type AdapterManifest, parseAdapterManifest, weightHashes } from '../../core/folder/adapter-manifest.ts';
import { GRAPH_FILE } from '../../core/folder/graph-files.ts';
import type { Manifest } from '../../core/folder/manifest.ts';
import { invalidFile, showText } from '../../core/invalid-file.ts';
import { MAX_ADAPTER_BYTES, MAX_CONFIG_BYTES } from '../../core/limits.ts';
import type { DecoderPlan } from '../architectures/architecture.ts';
import { findArchitecture } from '../architectures/index.ts';
import { planName } from '../architectures/match-tensors.ts';
import { jsonBytes, readJson } from '../files/json-files.ts';
import { readBounded } from '../files/read-bounded.ts';
import { readGraph } from '../files/read-graph.ts';
import { isPickled, refusePickled } from '../sources/hugging-face/refuse-folder.ts';
import { openSafetensors } from '../sources/hugging-face/safetensors.ts';
import type { TensorSource } from '../tensors/tensor-source.ts';
import { ADAPTER_CONFIG, type AdapterConfig, moduleSettings, readAdapterConfig } from './adapter-config.ts';
import { ADAPTER_WEIGHTS, checkShapes, type ModuleTensors, moduleTensors } from './adapter-tensors.ts';
import { type LowRankPair, packModule } from './pack-adapter.ts';
import { moduleSelector } from './target-modules.ts';
import { type TracedProduct, traceProducts } from './trace-products.ts';

/** The options of an adapter's conversion. */
export interface ConvertAdapterOptions {
  /** A folder as PEFT saves it: adapter_config.json and adapter_model.safetensors. */
  readonly source: string;
  /** The folder and the manifest of the base model. */
  readonly base: { readonly path: string; readonly manifest: Manifest };
  /** What the adapter is called. Default: made from the source's name. */
  readonly name?: string;
  /** How its numbers are stored: fp32 or q8. Default: q8 for a base model in q8 or q4, and fp32 for others. */
  readonly dtype?: string;
  /** Called with a sentence about what the user may not expect. */
  readonly onNote?: (note: string) => void;
}

/** An adapter as a model folder holds it. */
export interface ConvertedAdapter {
  readonly name: string;
  readonly manifest: AdapterManifest;
  /** Its files' bytes by their names in the model folder. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/**
 * Converts a LoRA adapter for a model folder that was converted before. What it adds is mapped to the products of the
 * model's graph by the architecture that wrote the graph. Nothing is written.
 * @throws GptEdgeError `invalid_value` for an option, `invalid_file` for a source that contradicts itself or does not fit
 *   the base model, `unsupported_model` for one that is more than low-rank matrices
 */
export async function convertAdapter(options: ConvertAdapterOptions): Promise<ConvertedAdapter> {
  const { source, base, onNote } = options;
  await checkFolder(source);
  const config = await readAdapterConfig(source);
  const dtype = chooseDtype(options);
  const name = chooseName(options);
  const plan = await planBase(base);
  const products = await traceProducts(plan);
  await checkGraph(base.path, [...products.values()]);
  const madeFor = config.base_model_name_or_path;
  if (madeFor && basename(madeFor) !== base.manifest.id)
    onNote?.(
      `The adapter says that it was made for ${showText(madeFor)}. Its shapes fit ${base.manifest.id}; only you can know whether the weights do.`,
    );
  const weights = await openSafetensors(join(source, ADAPTER_WEIGHTS));
  try {
    const pairs = findPairs(config, plan, products, weights);
    const packed = await packAll(pairs, weights, dtype);
    const origin = basename(resolve(source)).slice(0, 256);
    const manifest: AdapterManifest = {
      format: 1,
      base: weightHashes(base.manifest),
      dtype,
      ...packed.facts,
      source: `${origin} (PEFT, LoRA)`,
      modules: packed.modules,
    };
    const files = adapterFiles(name)!;
    const json = jsonBytes(manifest);
    // The Worker parses it in the same way: one that it would refuse is not written.
    parseAdapterManifest(new TextDecoder().decode(json), files.manifest);
    return {
      name,
      manifest,
      files: new Map([
        [files.manifest, json],
        [files.weights, packed.bytes],
      ]),
    };
  } finally {
    await weights.close();
  }
}

async function checkFolder(source: string): Promise<void> {
  const names = await readdir(source).catch((): string[] => []);
  const name = basename(resolve(source));
  if (!names.includes(ADAPTER_CONFIG)) throw invalidFile(name, `holds no adapter: there is no ${ADAPTER_CONFIG} in it`);
  const pickled = names.find((file) => isPickled(file));
  if (!names.includes(ADAPTER_WEIGHTS) && pickled !== undefined) throw refusePickled(pickled);
  // Stored as float32, it may take twice as much as in the model folder.
  const bytes = (await stat(join(source, ADAPTER_WEIGHTS)).catch(() => null))?.size ?? 0;
  if (bytes > 2 * MAX_ADAPTER_BYTES) throw invalidFile(ADAPTER_WEIGHTS, `has ${bytes} bytes, over the limit of ${2 * MAX_ADAPTER_BYTES}`);
}

function chooseDtype({ dtype, base }: ConvertAdapterOptions): AdapterManifest['dtype'] {
  if (dtype === undefined) return base.manifest.dtype === 'q8' || base.manifest.dtype === 'q4' ? 'q8' : 'fp32';
  const known = ADAPTER_DTYPES.find((name) => name === dtype);
  if (known !== undefined) return known;
  const message = `dtype ${showText(dtype)}: an adapter is stored as ${ADAPTER_DTYPES.join(' or ')}`;
  throw new GptEdgeError('invalid_value', message, { param: 'dtype' });
}

/** The name that was asked for, or the source's without the base model's id before it and `lora` after it. */
function chooseName({ name: asked, source, base }: ConvertAdapterOptions): string {
  const words = basename(resolve(source));
  const own = words.startsWith(`${base.manifest.id}-`) ? words.slice(base.manifest.id.length + 1) : words;
  const name = asked ?? own.replace(/[-_.](lora|adapter|peft)$/i, '');
  if (adapterFiles(name) !== undefined) return name;
  const rule = 'the name of an adapter has 1 to 64 letters, digits, dots, hyphens and underscores, and starts with a letter or digit';
  throw new GptEdgeError('invalid_value', `id ${showText(name)}: ${rule} (--id gives it one)`, { param: 'id' });
}

/** Plans the base model's decoder once more, as its conversion has. */
async function planBase({ path, manifest }: ConvertAdapterOptions['base']): Promise<DecoderPlan> {
  const bytes = await readBounded(path, { name: 'config.json', maxBytes: MAX_CONFIG_BYTES, required: true });
  const config = readJson({ files: new Map([['config.json', bytes!]]) }, 'config.json');
  return findArchitecture(config).plan(config, manifest.contextWindow);
}

/** A graph that was published as it is has other names, and nobody knows which of its products is which. */
async function checkGraph(path: string, products: readonly TracedProduct[]): Promise<void> {
  const nodes = new Set((await readGraph(join(path, GRAPH_FILE))).node.map(({ name }) => name));
  const missing = products.find(({ node }) => !nodes.has(node));
  if (missing === undefined) return;
  throw new GptEdgeError(
    'unsupported_model',
    `${GRAPH_FILE} has no node ${missing.node}: the graph was published as it is, or converted by another version, so adapters cannot be mapped to it; convert the base model from safetensors or GGUF`,
    { param: GRAPH_FILE },
  );
}

/** A module that an adapter adds to. */
interface AdaptedModule extends TracedProduct {
  readonly tensors: ModuleTensors;
  readonly scale: number;
}

function findPairs(
  config: AdapterConfig,
  plan: DecoderPlan,
  products: ReadonlyMap<string, TracedProduct>,
  weights: TensorSource,
): AdaptedModule[] {
  const found = moduleTensors(weights);
  const isSelected = moduleSelector(config);
  const adapted = new Map<string, AdaptedModule>();
  for (const [module, tensors] of found) {
    const tensor = planName(`${module}.weight`, plan);
    const product = products.get(tensor);
    if (product === undefined) throw unknownModule(module, plan.tensors.has(tensor) || tensor === plan.tied?.head);
    if (isSelected?.(module) === false)
      throw invalidFile(ADAPTER_WEIGHTS, `holds ${showText(module)}, which target_modules does not select`);
    if (adapted.has(tensor)) throw invalidFile(ADAPTER_WEIGHTS, `holds ${showText(module)} twice`);
    const { rank, scale } = moduleSettings(config, module);
    const count = (places: readonly number[]) => places.filter((place) => place >= 0).length;
    checkShapes(tensors, { inputs: count(product.inputs), outputs: count(product.outputs), rank });
    adapted.set(tensor, { ...product, tensors, scale });
  }
  // Whether names have the base model's prefix depends on the class that the adapter was trained with.
  const prefix = [...found.keys()].every((module) => module.startsWith(plan.prefix)) ? plan.prefix : '';
  for (const tensor of products.keys()) {
    const module = prefix + tensor.replace(/\.weight$/, '');
    if (!adapted.has(tensor) && isSelected?.(module))
      throw invalidFile(ADAPTER_WEIGHTS, `has no tensors for ${showText(module)}, which target_modules selects`);
  }
  return [...products.keys()].flatMap((tensor) => adapted.get(tensor) ?? []);
}

function unknownModule(module: string, isPart: boolean): GptEdgeError {
  if (!isPart)
    return invalidFile(ADAPTER_WEIGHTS, `${showText(module)} is no module of this base model; was the adapter made for another one?`);
  const message = `${ADAPTER_WEIGHTS}: ${showText(module)} is an embedding or the output head, and adapters add to the products of the layers only`;
  return new GptEdgeError('unsupported_model', message, { param: ADAPTER_WEIGHTS });
}

async function packAll(modules: readonly AdaptedModule[], weights: TensorSource, dtype: AdapterManifest['dtype']) {
  const parts: Uint8Array[] = [];
  const packed: AdapterManifest['modules'] = [];
  let [offset, rank, parameters, multiplyAddsPerToken] = [0, 0, 0, 0];
  for (const adapted of modules) {
    const { bytes, module } = packModule(await readPair(adapted, weights), dtype, offset);
    offset += bytes.length;
    if (offset > MAX_ADAPTER_BYTES) throw invalidFile(ADAPTER_WEIGHTS, `takes more than the limit of ${MAX_ADAPTER_BYTES} bytes`);
    const { A, B } = adapted.tensors;
    rank = Math.max(rank, A.shape[0]);
    parameters += A.shape[0] * (A.shape[1] + B.shape[0]);
    multiplyAddsPerToken += module.rank * (module.inputs + module.outputs);
    parts.push(bytes);
    packed.push(module);
  }
  return { bytes: Buffer.concat(parts), modules: packed, facts: { rank, parameters, multiplyAddsPerToken } };
}

/** Reads a module's matrices, in the order in which the graph has its inputs and outputs. */
async function readPair({ node, inputs, outputs, tensors: { A, B }, scale }: AdaptedModule, weights: TensorSource): Promise<LowRankPair> {
  const [{ values: a }, { values: b }] = [await weights.read(A.name), await weights.read(B.name)];
  const [rank, width] = A.shape;
  return {
    node,
    down: { rows: inputs.length, columns: rank, value: (input, r) => (inputs[input] < 0 ? 0 : scale * a[r * width + inputs[input]]) },
    up: { rows: rank, columns: outputs.length, value: (r, output) => (outputs[output] < 0 ? 0 : b[outputs[output] * rank + r]) },
  };
}
