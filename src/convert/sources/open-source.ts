import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { GptEdgeError } from '../../core/errors.ts';
import { invalidFile } from '../../core/invalid-file.ts';
import { openFile } from '../files/open-file.ts';
import { GGUF_MAGIC } from './gguf/gguf-header.ts';
import { openGguf } from './gguf/open-gguf.ts';
import { holdsSafetensors, openHuggingFaceFolder } from './hugging-face/open-hugging-face-folder.ts';
import { refuseFolder, refusePickled } from './hugging-face/refuse-folder.ts';
import { openLlama2c } from './llama2c/open-llama2c.ts';
import type { ModelSource } from './model-source.ts';
import { findGraphFile } from './onnx/find-graph-file.ts';
import { openPublishedGraph } from './onnx/open-published-graph.ts';

/** What opening a source may depend on. */
export interface SourceOptions {
  /** The path of a tokenizer.bin, for llama2.c only. */
  readonly tokenizer?: string;
  /** The dtype that was asked for. It chooses one of several published graphs. */
  readonly dtype?: string;
}

/**
 * Opens whatever a conversion can start from: a folder with safetensors, a folder with an ONNX graph, a GGUF file, or a
 * llama2.c checkpoint.
 * @throws GptEdgeError `invalid_file` for a path that is not one of these; `invalid_value` for a tokenizer that the
 *   source has no use for; and whatever opening a source of that kind throws
 */
export async function openSource(path: string, { tokenizer, dtype }: SourceOptions = {}): Promise<ModelSource> {
  const kind = await findKind(path);
  if (kind === 'llama2c') return openLlama2c(path, tokenizer);
  const lacksSafetensors = kind === 'folder' && !(await holdsSafetensors(path));
  const graphFile = lacksSafetensors ? await findGraphFile(path, dtype) : undefined;
  if (graphFile !== undefined) return openPublishedGraph(path, graphFile, dtype);
  if (tokenizer !== undefined)
    throw new GptEdgeError('invalid_value', `tokenizer ${tokenizer}: ${basename(path)} brings its own`, { param: 'tokenizer' });
  if (lacksSafetensors) return refuseFolder(path);
  return kind === 'gguf' ? openGguf(path) : openHuggingFaceFolder(path);
}

async function findKind(path: string): Promise<'folder' | 'gguf' | 'llama2c'> {
  const file = basename(path);
  const stats = await stat(path).catch(() => undefined);
  // A missing path is taken for a folder, and refused like an empty one.
  if (!stats || stats.isDirectory()) return 'folder';
  if (!stats.isFile()) throw invalidFile(file, 'is neither a folder nor a file');
  const magic = await readMagic(path);
  if (/\.gguf$/i.test(path) || magic === GGUF_MAGIC) return 'gguf';
  if (PICKLED_MAGICS.includes(magic)) throw refusePickled(file);
  if (/\.bin$/i.test(path)) return 'llama2c';
  throw invalidFile(file, 'is not a folder with config.json and model.safetensors, a GGUF file or a .bin of llama2.c');
}

/** The first bytes of a ZIP, in which PyTorch writes pickled weights, and of what it wrote before that. */
const PICKLED_MAGICS = ['PK\u0003\u0004', '\u0080\u0002\u008a\n'];

/** Reads as many bytes as GGUF's magic has. */
async function readMagic(path: string): Promise<string> {
  const handle = await openFile(path);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(GGUF_MAGIC.length), 0, GGUF_MAGIC.length, 0);
    return buffer.toString('latin1', 0, bytesRead);
  } finally {
    await handle.close();
  }
}
