import { readSync } from 'node:fs';
import { type FileHandle, readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { invalidFile } from '../../../core/invalid-file.ts';
import { MAX_WEIGHTS_BYTES } from '../../../core/limits.ts';
import { ByteReader } from '../../files/byte-reader.ts';
import { jsonBytes } from '../../files/json-files.ts';
import { closeOnFailure, openFile } from '../../files/open-file.ts';
import { readRange } from '../../files/read-range.ts';
import { decodeFloats } from '../../tensors/decode-floats.ts';
import { halfRotated } from '../../tensors/half-rotated-rows.ts';
import { reorderRows } from '../../tensors/reorder-rows.ts';
import { sliceRows } from '../../tensors/row-pieces.ts';
import type { TensorSource } from '../../tensors/tensor-source.ts';
import type { Checkpoint } from '../model-source.ts';
import { type Llama2cHeader, readLlama2cHeader, VERSION_1_BYTES } from './llama2c-header.ts';
import { type Llama2cTensor, placeLlama2cTensors } from './llama2c-tensors.ts';
import { LLAMA2C_BOS, LLAMA2C_EOS, llama2cTokenizer, MAX_TOKENIZER_BIN_BYTES } from './llama2c-tokenizer.ts';

/**
 * run.c ends a story when BOS comes again, since BOS separates the texts that its models were trained on. EOS is in the
 * vocabulary, but the models never generate it.
 */
const TOKENS = { bos_token_id: LLAMA2C_BOS, eos_token_id: [LLAMA2C_BOS, LLAMA2C_EOS] };

/**
 * Opens a llama2.c checkpoint as if it were a folder in Hugging Face's layout.
 * @param tokenizer path of its tokenizer.bin. Default: the file of that name beside it, or else the only `tok*.bin`
 * @throws GptEdgeError `invalid_file`, naming the field, its value and the limit; `unsupported_model` for another
 *   version
 */
export async function openLlama2c(path: string, tokenizer?: string): Promise<Checkpoint> {
  const file = basename(path);
  const handle = await openFile(path);
  return closeOnFailure(handle, async () => {
    const reader = await byteReader(handle, file, VERSION_1_BYTES);
    const header = readLlama2cHeader(reader);
    const tensors = placeLlama2cTensors(reader, header);
    const tokenizerFiles = await readTokenizer(tokenizer ?? (await findTokenizer(path)), header.vocabularySize);
    return {
      name: file.replace(/\.bin$/i, ''),
      layout: `llama2.c version ${header.version}`,
      files: new Map([['config.json', jsonBytes(toConfig(header))], ['generation_config.json', jsonBytes(TOKENS)], ...tokenizerFiles]),
      weights: tensorSource(handle, file, tensors),
    };
  });
}

async function byteReader(handle: FileHandle, file: string, limit: number): Promise<ByteReader> {
  const { size } = await handle.stat();
  if (size > MAX_WEIGHTS_BYTES) throw invalidFile(file, `has ${size} bytes, over the limit of ${MAX_WEIGHTS_BYTES}`);
  return new ByteReader({ file, size, limit, readAt: (position, target) => readSync(handle.fd, target, 0, target.length, position) });
}

/** Returns the config.json that describes the checkpoint. The constants are those that run.c has built in. */
function toConfig(header: Llama2cHeader): object {
  return {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    hidden_act: 'silu',
    hidden_size: header.width,
    intermediate_size: header.inner,
    num_hidden_layers: header.layers,
    num_attention_heads: header.heads,
    num_key_value_heads: header.keyValueHeads,
    max_position_embeddings: header.contextWindow,
    rms_norm_eps: 1e-5,
    rope_theta: 10_000,
    rope_scaling: null,
    attention_bias: false,
    mlp_bias: false,
    tie_word_embeddings: header.isTied,
    vocab_size: header.vocabularySize,
    ...TOKENS,
  };
}

function tensorSource(handle: FileHandle, file: string, tensors: ReadonlyMap<string, Llama2cTensor>): TensorSource {
  const read = async (name: string) => {
    const tensor = tensors.get(name);
    if (!tensor) throw invalidFile(file, `has no tensor ${JSON.stringify(name)}`);
    const values = decodeFloats(await readRange(handle, tensor.begin, tensor.bytes, file), tensor, file);
    const [rows] = tensor.shape;
    return tensor.heads ? reorderRows({ values }, rows, halfRotated(rows / tensor.heads)) : { values };
  };
  return {
    file,
    tensors,
    read,
    // The format is for models of some million weights.
    readRows: async (name, start, count) => sliceRows(await read(name), tensors.get(name)!.shape[0], start, count),
    close: () => handle.close(),
  };
}

async function findTokenizer(path: string): Promise<string> {
  const folder = dirname(path);
  const names = (await readdir(folder)).sort();
  const candidates = names.includes('tokenizer.bin') ? ['tokenizer.bin'] : names.filter((name) => /^tok.*\.bin$/.test(name));
  if (candidates.length === 1) return join(folder, candidates[0]);
  const found = candidates.length === 0 ? 'none is there' : `${candidates.slice(0, 8).join(', ')} are there`;
  throw invalidFile(basename(path), `needs one tokenizer.bin or tok*.bin beside it, or given by option, and ${found}`);
}

async function readTokenizer(path: string, vocabularySize: number): Promise<ReadonlyMap<string, Uint8Array>> {
  const file = basename(path);
  const handle = await openFile(path);
  try {
    return llama2cTokenizer(await byteReader(handle, file, MAX_TOKENIZER_BIN_BYTES), vocabularySize);
  } finally {
    await handle.close();
  }
}
