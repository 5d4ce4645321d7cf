import type { NamedToken } from '../../../tokenizers/tokenizer-parts.ts';
import type { Vocabulary } from '../../../tokenizers/vocabulary.ts';
import type { GgufMetadata } from '../gguf-metadata.ts';

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
