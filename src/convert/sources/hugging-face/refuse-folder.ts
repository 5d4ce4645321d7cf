import { readdir } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { GptEdgeError } from '../../../core/errors.ts';
import { invalidFile } from '../../../core/invalid-file.ts';
import { SINGLE_FILE } from './open-hugging-face-folder.ts';
import { SAFETENSORS_INDEX } from './sharded-safetensors.ts';

/** Files of PyTorch's own format, as transformers, Meta and others have named them. */
const PICKLED_FILE = /^(pytorch_model.*|model|consolidated.*|adapter_model)\.(bin|pt|pth)$/;

/** Whether a file has the name of pickled weights. */
export const isPickled = (name: string): boolean => PICKLED_FILE.test(name);

/** What an adapter is, and what to do with it: a phrase that follows its name. */
export const ADAPTER =
  'is an adapter (LoRA), and no model: convert the model that it was made for, and then the adapter into that model folder (gpt-edge convert --adapter <adapter> <model folder>)';
/** What pickled weights are, and what to do with them. */
export const PICKLED =
  'pickled weights (PyTorch), which are programs, and are not read: save them as safetensors, with save_pretrained in transformers';

/**
 * Refuses a folder without safetensors and without a graph, by what it holds instead, and says what to do.
 * @throws GptEdgeError `invalid_file`
 */
export async function refuseFolder(folder: string): Promise<never> {
  const names = await readdir(folder).catch((): string[] => []);
  const name = basename(resolve(folder));
  if (names.includes('adapter_config.json')) throw invalidFile(name, ADAPTER);
  const pickled = names.find((file) => isPickled(file));
  if (pickled !== undefined) throw refusePickled(pickled);
  const gguf = names.find((file) => /\.gguf$/i.test(file));
  if (gguf !== undefined) throw invalidFile(name, `holds GGUF files: convert one of them, such as ${join(folder, gguf)}`);
  if (names.length === 0) throw invalidFile(name, 'is empty, or there is no such folder');
  throw invalidFile(name, `holds no weights: there is no ${SINGLE_FILE}, no ${SAFETENSORS_INDEX}, no model.onnx and no GGUF file in it`);
}

/** The error for a file of PyTorch's own format. */
export function refusePickled(file: string): GptEdgeError {
  return invalidFile(file, `holds ${PICKLED}`);
}

/** How a config.json states that weights are quantized in a way that is not read, by the name of its field. */
const QUANTIZED_FIELDS = ['quantization_config', 'quantization', 'compression_config'];

/**
 * Refuses a checkpoint whose weights are quantized in a format of another tool, by the tool's name.
 * @throws GptEdgeError `unsupported_model`
 */
export function refuseQuantized(config: Record<string, unknown>): void {
  for (const field of QUANTIZED_FIELDS) {
    const value = config[field];
    if (typeof value !== 'object' || value === null) continue;
    throw new GptEdgeError(
      'unsupported_model',
      `config.json: ${field}: the weights are quantized by ${methodOf(field, value as Record<string, unknown>)}, which is not read: convert the checkpoint that they were made from, or a GGUF file of it`,
      { param: 'config.json' },
    );
  }
}

function methodOf(field: string, value: Record<string, unknown>): string {
  const method = value.quant_method;
  if (typeof method === 'string' && /^[\w.-]{1,40}$/.test(method)) return method;
  // MLX writes `quantization` with a group size and bits, and no name.
  return field === 'quantization' ? 'mlx' : 'a method without a name';
}
