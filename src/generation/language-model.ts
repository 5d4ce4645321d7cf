import type { Decoder } from '../core/decoder.ts';
import type { Manifest } from '../core/folder/manifest.ts';
import type { ChatTemplate } from '../tokenizer/chat-template.ts';
import type { TextTokenizer } from '../tokenizer/text-tokenizer.ts';
import type { VocabularyMath } from './sampling/logits.ts';
import type { SamplingOptions } from './sampling/sampling-options.ts';

/** A model that is loaded and can generate. */
export interface LanguageModel {
  readonly id: string;
  readonly manifest: Manifest;
  readonly decoder: Decoder;
  /** Shared by all that the model generates; see there. */
  readonly math: VocabularyMath;
  readonly tokenizer: TextTokenizer;
  /** null where the model has none: it completes, but cannot chat. */
  readonly chatTemplate: ChatTemplate | null;
  /** What its generation_config.json recommends; a request's own options go before. */
  readonly samplingDefaults: Partial<SamplingOptions>;
  /** Names weights and engine: the same fingerprint and seed give the same text. */
  readonly fingerprint: string;
}
