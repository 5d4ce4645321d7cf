import { type NamedToken, templateProcessing } from '../../../tokenizers/tokenizer-parts.ts';
import type { GgufTokenizerContext } from './gguf-tokenizer-context.ts';

/**
 * The post-processor for `tokenizer.ggml.add_bos_token` and `add_eos_token`.
 * @throws GptEdgeError `invalid_file` where one of them is asked for and the file names no such token
 */
export function affixTokens({ metadata, special }: GgufTokenizerContext, addBosByDefault: boolean): object | null {
  const affix = (name: 'bos' | 'eos', fallback: boolean): NamedToken | undefined => {
    if (!metadata.flag(`tokenizer.ggml.add_${name}_token`, fallback)) return undefined;
    const token = special[name];
    if (!token) throw metadata.invalid(`tokenizer.ggml.${name}_token_id`, `is missing, and ${name.toUpperCase()} is put around texts`);
    return token;
  };
  return templateProcessing(affix('bos', addBosByDefault), affix('eos', false));
}
