import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { GptEdgeError } from '../../../core/errors.ts';
import { SAFETENSORS_INDEX } from '../hugging-face/sharded-safetensors.ts';

/** Where transformers.js' layout has graphs, and where ONNX Runtime's model builder writes one. */
const FOLDERS = ['', 'onnx'];
/** What stands between `model` and `.onnx`, by the dtype that transformers.js calls it; any other names itself. */
const DTYPE_OF_SUFFIX: Readonly<Record<string, string>> = { '': 'fp32', quantized: 'q8' };

/** A graph in a folder. */
export interface GraphFile {
  /** Its path from the folder on: onnx/model_q4.onnx. */
  readonly name: string;
  /** The dtype that its name states. */
  readonly dtype: string;
}

/**
 * Finds the graph of a folder that holds a decoder as ONNX, and no safetensors; undefined for anything else.
 * @param dtype the dtype of the graph to take, where there are several
 * @throws GptEdgeError `invalid_value`, listing the graphs, where the choice is none or not clear
 */
export async function findGraphFile(folder: string, dtype?: string): Promise<string | undefined> {
  const names = await list(folder);
  if (names.includes('model.safetensors') || names.includes(SAFETENSORS_INDEX)) return undefined;
  const graphs = (await Promise.all(FOLDERS.map((part) => listGraphs(folder, part)))).flat();
  if (graphs.length === 0) return undefined;
  // A graph that is alone and calls itself nothing may hold any dtype: what it holds is compared when it has been read.
  const isAlone = graphs.length === 1 && (dtype === undefined || graphs[0].dtype === 'fp32');
  const chosen = isAlone ? graphs : graphs.filter((graph) => graph.dtype === dtype);
  if (chosen.length === 1) return chosen[0].name;
  const found = graphs.map((graph) => `${graph.name} (${graph.dtype})`).join(', ');
  const problem = dtype === undefined ? 'a dtype must choose one' : `dtype ${JSON.stringify(dtype)} does not choose one`;
  throw new GptEdgeError('invalid_value', `${problem} of the graphs that are there: ${found}`, { param: 'dtype' });
}

async function listGraphs(folder: string, part: string): Promise<GraphFile[]> {
  const graphs = (await list(join(folder, part))).map((name) => ({ name, match: /^model(?:_([A-Za-z0-9_]{1,32}))?\.onnx$/.exec(name) }));
  return graphs.flatMap(({ name, match }) => {
    if (!match) return [];
    const suffix = match[1] ?? '';
    return [{ name: join(part, name), dtype: Object.hasOwn(DTYPE_OF_SUFFIX, suffix) ? DTYPE_OF_SUFFIX[suffix] : suffix }];
  });
}

async function list(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(() => [])).sort();
}
