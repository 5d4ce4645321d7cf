import type { GgufMetadata } from '../sources/gguf/gguf-metadata.ts';
import type { NamedToken } from './tokenizer-parts.ts';
import type { Vocabulary } from './vocabulary.ts';

/** What a GGUF file says about its tokenizer beside the vocabulary. */
export interface GgufTokenizerContext {
  readonly file: string;
  readonly metadata: GgufMetadata;
  /** `general.architecture`. */
  readonly architecture: string;
  readonly vocabulary: Vocabulary;
  readonly special: SpecialTokens;
}

export interface SpecialTokens {
  readonly bos?: NamedToken;
  readonly eos?: NamedToken;
  /** Ends a turn where that is not the same as EOS. */
  readonly eot?: NamedToken;
  readonly unknown?: NamedToken;
  readonly padding?: NamedToken;
}
