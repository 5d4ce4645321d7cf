import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { GptEdgeError } from '../../../core/errors.ts';

/**
 * The folders that hold graphs: `onnx` in transformers.js' layout, the folder itself in that of ONNX Runtime's model
 * builder.
 */
const FOLDERS = ['', 'onnx'];
/**
 * The dtype that transformers.js means by what stands between `model` and `.onnx`. Any other suffix is the dtype's own
 * name.
 */
const DTYPE_OF_SUFFIX: Readonly<Record<string, string>> = { '': 'fp32', quantized: 'q8' };

/** The path of a graph in a folder. */
const GRAPH = /^(?:onnx\/)?model(?:_([A-Za-z0-9_]{1,32}))?\.onnx$/;

/** A graph in a folder. */
interface GraphFile {
  /** Its path within the folder, such as onnx/model_q4.onnx. */
  readonly name: string;
  /** The dtype that its name states. */
  readonly dtype: string;
}

/**
 * Finds the graph of a folder that holds a decoder as ONNX.
 * @param dtype the dtype of the graph to take, if there are several
 * @returns the graph's path within the folder, or undefined if there is none
 * @throws GptEdgeError `invalid_value`, listing the graphs, if the dtype does not choose exactly one
 */
export async function findGraphFile(folder: string, dtype?: string): Promise<string | undefined> {
  const graphs = graphsAmong((await Promise.all(FOLDERS.map((part) => list(folder, part)))).flat());
  if (graphs.length === 0) return undefined;
  // A single graph with a plain name may hold any dtype. What it holds is checked after it has been read.
  const isAlone = graphs.length === 1 && (dtype === undefined || graphs[0].dtype === 'fp32');
  const chosen = isAlone ? graphs : graphs.filter((graph) => graph.dtype === dtype);
  if (chosen.length === 1) return chosen[0].name;
  const found = graphs.map((graph) => `${graph.name} (${graph.dtype})`).join(', ');
  const problem = dtype === undefined ? 'a dtype must choose one' : `dtype ${JSON.stringify(dtype)} does not choose one`;
  throw new GptEdgeError('invalid_value', `${problem} of the graphs that are there: ${found}`, { param: 'dtype' });
}

/** The graphs among the paths of a folder's files. */
export function graphsAmong(paths: readonly string[]): GraphFile[] {
  return paths.flatMap((name) => {
    const match = GRAPH.exec(name);
    if (!match) return [];
    const suffix = match[1] ?? '';
    return [{ name, dtype: Object.hasOwn(DTYPE_OF_SUFFIX, suffix) ? DTYPE_OF_SUFFIX[suffix] : suffix }];
  });
}

async function list(folder: string, part: string): Promise<string[]> {
  const names = await readdir(join(folder, part)).catch(() => []);
  return names.sort().map((name) => (part === '' ? name : `${part}/${name}`));
}
