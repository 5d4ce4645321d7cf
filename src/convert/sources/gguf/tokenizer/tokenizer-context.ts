import { type NamedToken, templateProcessing } from '../../../tokenizers/tokenizer-parts.ts';
import type { Vocabulary } from '../../../tokenizers/vocabulary.ts';
import type { GgufMetadata } from '../gguf-metadata.ts';

/** What a GGUF file says about its tokenizer, as the builders of all kinds of tokenizers need it. */
export interface GgufTokenizerContext {
  /** The name of the file in messages. */
  readonly file: string;
  readonly metadata: GgufMetadata;
  /** `general.architecture`. */
  readonly architecture: string;
  readonly vocabulary: Vocabulary;
  readonly special: SpecialTokens;
}

/** The special tokens that the metadata name. */
export interface SpecialTokens {
  readonly bos?: NamedToken;
  readonly eos?: NamedToken;
  /** Ends a turn, if a token other than EOS does so. */
  readonly eot?: NamedToken;
  /** Ends a message that is not the end of a turn, such as one that calls a tool. */
  readonly eom?: NamedToken;
  readonly unknown?: NamedToken;
  readonly padding?: NamedToken;
}

/**
 * Builds the post-processor for `tokenizer.ggml.add_bos_token` and `add_eos_token`.
 * @throws GptEdgeError `invalid_file` if one of them is set and the file names no such token
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
