import { basename } from 'node:path';
import { ADAPTER, isPickled, PICKLED } from '../../convert/sources/hugging-face/refuse-folder.ts';
import { graphsAmong } from '../../convert/sources/onnx/find-graph-file.ts';
import { GptEdgeError } from '../../core/errors.ts';
import type { HubFile } from './hub-cache.ts';

/** What is taken of a repository. */
export interface Choice {
  readonly kind: 'safetensors' | 'gguf' | 'onnx';
  /** The files to download. */
  readonly files: readonly HubFile[];
  /** What a conversion starts from: a file's path in the repository, or nothing for the repository as a folder. */
  readonly source?: string;
  /** The dtype that chooses one of several graphs. */
  readonly dtype?: string;
  /** A sentence that says what was chosen, and why. */
  readonly reason: string;
  /** The fewest weights that the model can have, by the size of its files. */
  readonly leastParameters: number;
}

/** What decides among several files of one kind. */
interface Wishes {
  /** A GGUF file that was asked for by its path. */
  readonly file?: string;
  /** Bytes that a Worker may hold. */
  readonly limitBytes: number;
}

/** The small files that a folder with weights or a graph needs, as far as it has them. */
const SMALL_FILES =
  /^(config\.json|generation_config\.json|tokenizer\.json|tokenizer_config\.json|vocab\.json|merges\.txt|chat_template\.jinja|README\.md|additional_chat_templates\/[^/]+\.jinja)$/;
/** Weights in safetensors: in one file, or in shards with an index. */
const SINGLE_FILE = 'model.safetensors';
const INDEX = 'model.safetensors.index.json';
const SHARD = /^model-\d{5}-of-\d{5}\.safetensors$/;
/** The external data of a graph: `model.onnx_data`, `model.onnx_data_1`, `model.onnx.data`. */
const isDataOf = (graph: string, path: string) =>
  path === `${graph}.data` || (/_data(_\d+)?$/.test(path.slice(graph.length)) && path.startsWith(graph));

/** The formats whose weights are carried over exactly, with the bits of a weight in the file and in the edge engine. */
const EXACT: Readonly<Record<string, { readonly inFile: number; readonly held: number }>> = {
  F32: { inFile: 32, held: 32 },
  BF16: { inFile: 16, held: 32 },
  F16: { inFile: 16, held: 16 },
  Q8_0: { inFile: 8.5, held: 8.5 },
  Q5_0: { inFile: 5.5, held: 8.5 },
  Q4_1: { inFile: 5, held: 5 },
  Q4_0: { inFile: 4.5, held: 4.5 },
};
/** The share of a Worker's memory that weights may take: the heap, the tokenizer and the KV cache need the rest. */
const WEIGHTS_SHARE = 0.85;

/**
 * Chooses what to take of a repository: the GGUF file that was named, else safetensors, else a GGUF file of a format that
 * is carried over exactly, else an ONNX graph.
 * @throws GptEdgeError `invalid_file`, naming what is there, if nothing of it can be converted
 */
export function chooseFiles(files: readonly HubFile[], repo: string, wishes: Wishes): Choice {
  const paths = files.map(({ path }) => path);
  if (wishes.file !== undefined) return chooseNamed(files, repo, wishes.file);
  const fail = (problem: string) => new GptEdgeError('invalid_file', `${repo} ${problem}`, { param: 'name' });
  if (paths.includes('adapter_config.json') && !paths.includes(SINGLE_FILE)) throw fail(`${ADAPTER}.`);
  const choice = chooseSafetensors(files) ?? chooseGguf(files, wishes) ?? chooseGraph(files, wishes);
  if (choice !== undefined) return choice;
  const ggufs = paths.filter(isGguf);
  if (ggufs.length > 0)
    throw fail(`has GGUF files alone whose weights would have to be quantized again: name one to do so, such as ${repo}:${ggufs[0]}.`);
  if (paths.some((path) => isPickled(basename(path)))) throw fail(`has ${PICKLED}.`);
  throw fail('has neither safetensors with a config.json, nor a GGUF file, nor an ONNX graph.');
}

function chooseNamed(files: readonly HubFile[], repo: string, path: string): Choice {
  const file = files.find((candidate) => candidate.path === path);
  if (file !== undefined) return takeGguf(file, `${path} was asked for.`);
  const ggufs = files.map((candidate) => candidate.path).filter(isGguf);
  const there = ggufs.length > 0 ? ` It has ${ggufs.slice(0, 20).join(', ')}.` : ' It has no GGUF file.';
  throw new GptEdgeError('invalid_value', `${repo} has no file ${path}.${there}`, { param: 'name' });
}

function chooseSafetensors(files: readonly HubFile[]): Choice | undefined {
  const has = (name: string) => files.some(({ path }) => path === name);
  if (!has('config.json') || !(has(SINGLE_FILE) || has(INDEX))) return undefined;
  const isWeight = has(SINGLE_FILE) ? (path: string) => path === SINGLE_FILE : (path: string) => path === INDEX || SHARD.test(path);
  const weights = files.filter(({ path }) => isWeight(path));
  return {
    kind: 'safetensors',
    files: [...files.filter(({ path }) => SMALL_FILES.test(path)), ...weights],
    reason: `${weights.map(({ path }) => path)[0]} is taken: safetensors are the checkpoint itself.`,
    // No published checkpoint has more than 32 bits a weight.
    leastParameters: sum(weights) / 4,
  };
}

/** The largest file of a format that is carried over exactly that a Worker holds, or else the smallest. */
function chooseGguf(files: readonly HubFile[], { limitBytes }: Wishes): Choice | undefined {
  const exact = files.filter(({ path }) => isGguf(path) && formatOf(path) !== undefined && !/-of-\d{5}\.gguf$/i.test(path));
  const all = files.filter(({ path }) => isGguf(path));
  // Whether a file without a format in its name is exact is seen when it is read.
  if (exact.length === 0 && all.length === 1 && !/[-._](i?q|tq|mxfp)\d/i.test(all[0].path))
    return takeGguf(all[0], `${all[0].path} is taken: there are no safetensors, and it is the only GGUF file.`);
  const held = ({ path, bytes }: HubFile) => bytes * (EXACT[formatOf(path)!].held / EXACT[formatOf(path)!].inFile);
  const bySize = exact.sort((a, b) => held(a) - held(b));
  const fitting = bySize.filter((file) => held(file) <= WEIGHTS_SHARE * limitBytes).at(-1);
  const chosen = fitting ?? bySize[0];
  if (chosen === undefined) return undefined;
  const why = fitting ? 'the largest of those that fit into a Worker' : 'the smallest of those, none of which fits into a Worker as it is';
  return takeGguf(chosen, `${chosen.path} is taken: there are no safetensors, and its weights are carried over exactly; it is ${why}.`);
}

function takeGguf(file: HubFile, reason: string): Choice {
  // Formats that are not in the table have at most 8.5 bits a weight.
  const bits = EXACT[formatOf(file.path) ?? '']?.inFile ?? 8.5;
  return { kind: 'gguf', files: [file], source: file.path, reason, leastParameters: (file.bytes * 8) / bits };
}

/** The largest graph that a Worker holds, or else the smallest. */
function chooseGraph(files: readonly HubFile[], { limitBytes }: Wishes): Choice | undefined {
  if (!files.some(({ path }) => path === 'config.json')) return undefined;
  const graphs = graphsAmong(files.map(({ path }) => path))
    .map(({ name, dtype }) => ({ name, dtype, parts: files.filter(({ path }) => path === name || isDataOf(name, path)) }))
    .sort((a, b) => sum(a.parts) - sum(b.parts));
  const fitting = graphs.filter(({ parts }) => sum(parts) <= WEIGHTS_SHARE * limitBytes).at(-1);
  const chosen = fitting ?? graphs[0];
  if (chosen === undefined) return undefined;
  const why =
    graphs.length === 1 ? '' : `; of ${graphs.length} graphs it is the ${fitting ? 'largest that fits into a Worker' : 'smallest'}`;
  return {
    kind: 'onnx',
    files: [...files.filter(({ path }) => SMALL_FILES.test(path)), ...chosen.parts],
    // A single graph may hold another dtype than its name states.
    dtype: graphs.length > 1 ? chosen.dtype : undefined,
    reason: `${chosen.name} is taken as it is: there are no safetensors and no GGUF file that is carried over exactly${why}.`,
    leastParameters: 0,
  };
}

const isGguf = (path: string): boolean => /\.gguf$/i.test(path);

/** The format that a GGUF file's name ends with, if its weights are carried over exactly. */
function formatOf(path: string): string | undefined {
  const [, format] = /[-._]((?:b?f16|f32|q\d_\d))\.gguf$/i.exec(path) ?? [];
  const name = format?.toUpperCase();
  return name !== undefined && Object.hasOwn(EXACT, name) ? name : undefined;
}

const sum = (files: readonly HubFile[]): number => files.reduce((total, { bytes }) => total + bytes, 0);
