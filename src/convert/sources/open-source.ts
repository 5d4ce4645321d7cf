import { open, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { GptEdgeError } from '../../core/errors.ts';
import { invalidFile } from '../../core/invalid-file.ts';
import { GGUF_MAGIC } from './gguf/gguf-header.ts';
import { openGguf } from './gguf/open-gguf.ts';
import { type ModelSource, openHuggingFaceFolder } from './hugging-face/hugging-face-folder.ts';
import { openLlama2c } from './llama2c/open-llama2c.ts';

/**
 * Opens whatever a conversion can start from: a folder in Hugging Face's layout, a GGUF file, or a llama2.c checkpoint.
 * @param options.tokenizer path of a tokenizer.bin, for llama2.c alone
 * @throws GptEdgeError `invalid_file` for a path that is none of these, and what each of them throws; `invalid_value` for a tokenizer
 *   that the source has no use for
 */
export async function openSource(path: string, { tokenizer }: { readonly tokenizer?: string } = {}): Promise<ModelSource> {
  const kind = await findKind(path);
  if (kind === 'llama2c') return openLlama2c(path, tokenizer);
  if (tokenizer !== undefined)
    throw new GptEdgeError('invalid_value', `tokenizer ${tokenizer}: ${basename(path)} brings its own`, { param: 'tokenizer' });
  return kind === 'gguf' ? openGguf(path) : openHuggingFaceFolder(path);
}

async function findKind(path: string): Promise<'folder' | 'gguf' | 'llama2c'> {
  const file = basename(path);
  const stats = await stat(path).catch(() => undefined);
  // A missing folder's error names the first file that it lacks.
  if (!stats || stats.isDirectory()) return 'folder';
  if (!stats.isFile()) throw invalidFile(file, 'is neither a folder nor a file');
  if (/\.gguf$/i.test(path) || (await readMagic(path)) === GGUF_MAGIC) return 'gguf';
  if (/\.bin$/i.test(path)) return 'llama2c';
  throw invalidFile(file, 'is no folder with config.json and model.safetensors, no GGUF file and no .bin of llama2.c');
}

async function readMagic(path: string): Promise<string> {
  const handle = await open(path);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(GGUF_MAGIC.length), 0, GGUF_MAGIC.length, 0);
    return buffer.toString('latin1', 0, bytesRead);
  } finally {
    await handle.close();
  }
}
