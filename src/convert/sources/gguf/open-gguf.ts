import { basename } from 'node:path';
import { GptEdgeError } from '../../../core/errors.ts';
import { showText } from '../../../core/invalid-file.ts';
import { jsonBytes } from '../../files/json-files.ts';
import { closeOnFailure } from '../../files/open-file.ts';
import type { Checkpoint } from '../model-source.ts';
import type { GgufArchitecture } from './gguf-architecture.ts';
import { ggufGemma3 } from './gguf-gemma3.ts';
import { ggufGptNeox } from './gguf-gpt-neox.ts';
import { ggufGpt2 } from './gguf-gpt2.ts';
import { ggufLlama } from './gguf-llama.ts';
import { ggufQwen2, ggufQwen3 } from './gguf-qwen.ts';
import { type GgufFile, openGgufFile } from './open-gguf-file.ts';
import { renameTensors } from './rename-tensors.ts';
import { ggufTokenizer } from './tokenizer/gguf-tokenizer.ts';

const ARCHITECTURES: readonly GgufArchitecture[] = [ggufLlama, ggufGpt2, ggufGptNeox, ggufQwen2, ggufQwen3, ggufGemma3];

/**
 * Opens a GGUF file as if it were a folder in Hugging Face's layout. Configuration and tokenizer are rebuilt from its
 * metadata; tensors are renamed and put into Hugging Face's order.
 * @throws GptEdgeError `invalid_file`, naming the field, its value and the limit; `unsupported_model` for an
 *   architecture, a tokenizer or a format of weights that is not implemented
 */
export async function openGguf(path: string): Promise<Checkpoint> {
  const gguf = await openGgufFile(path);
  return closeOnFailure(gguf, async () => {
    const architecture = findGgufArchitecture(gguf);
    const sizes = { vocab_size: countVocabulary(gguf, architecture), ...(await architecture.config(gguf)) };
    const { tokens, files } = ggufTokenizer(gguf.file, gguf.metadata, {
      vocabularySize: sizes.vocab_size,
      architecture: architecture.name,
    });
    const config = { ...sizes, ...tokens };
    return {
      name: basename(path).replace(/\.gguf$/i, ''),
      layout: describeLayout(gguf),
      license: gguf.metadata.optionalText('general.license'),
      files: new Map([['config.json', jsonBytes(config)], ['generation_config.json', jsonBytes(tokens)], ...files]),
      weights: renameTensors(gguf, architecture, config),
    };
  });
}

function findGgufArchitecture({ file, metadata }: GgufFile): GgufArchitecture {
  const name = metadata.text('general.architecture');
  const architecture = ARCHITECTURES.find((candidate) => candidate.name === name);
  if (architecture) return architecture;
  const supported = ARCHITECTURES.map((candidate) => candidate.name).join(', ');
  const message = `${file}: general.architecture ${showText(name)} is not supported; supported: ${supported}`;
  throw new GptEdgeError('unsupported_model', message, { param: file });
}

/**
 * Counts the embedding's rows: there is one for each token. The field `vocab_size` is optional, and must not contradict
 * them.
 */
function countVocabulary({ metadata, tensors }: GgufFile, architecture: GgufArchitecture): number {
  const embedding = tensors.get('token_embd.weight');
  if (embedding?.shape.length !== 2) throw metadata.invalid('tensor token_embd.weight', 'is missing or not a matrix');
  const key = `${architecture.name}.vocab_size`;
  const stated = metadata.optionalCount(key, Number.MAX_SAFE_INTEGER) ?? embedding.shape[0];
  if (stated !== embedding.shape[0]) throw metadata.invalid(key, `${stated} is not the ${embedding.shape[0]} rows of token_embd.weight`);
  return stated;
}

/**
 * Names the formats whose blocks cannot be kept, since quantizing their values again gives other weights than the file
 * holds.
 */
function describeLayout({ tensors }: GgufFile): string {
  const types = new Set([...tensors.values()].map(({ type }) => type));
  const lost = [...types].filter(({ decode, keepsBlocks }) => decode && !keepsBlocks).map(({ name }) => name);
  return lost.length === 0 ? 'GGUF' : `GGUF, ${lost.sort().join(' and ')} dequantized and so quantized again where that is asked for,`;
}
