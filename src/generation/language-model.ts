import type { VocabularyConstraints } from '../constrain/vocabulary-constraints.ts';
import type { Decoder } from '../core/decoder.ts';
import type { Manifest } from '../core/folder/manifest.ts';
import type { ChatTemplate } from '../tokenizer/chat-template.ts';
import type { TextTokenizer } from '../tokenizer/text-tokenizer.ts';
import type { ModelAdapter } from './model-adapter.ts';
import type { SamplingOptions } from './sampling/sampling-options.ts';
import type { Scheduler } from './scheduler/scheduler.ts';

/** A model that is loaded and can generate. One with an adapter shares all the rest with its base model. */
export interface LanguageModel {
  readonly id: string;
  /** What is added to the weights. Default: nothing */
  readonly adapter?: ModelAdapter;
  readonly manifest: Manifest;
  readonly decoder: Decoder;
  /** Through which all requests use the decoder. */
  readonly scheduler: Scheduler;
  readonly tokenizer: TextTokenizer;
  /** Makes masks over the vocabulary for answers that must have a form. */
  readonly constraints: VocabularyConstraints;
  /** null if the model has none: it can complete, but cannot chat. */
  readonly chatTemplate: ChatTemplate | null;
  /** What the model's generation_config.json recommends; a request's own options take precedence. */
  readonly samplingDefaults: Partial<SamplingOptions>;
  /** The version of its folder; undefined for a model that is in no bucket. */
  readonly version?: string;
  /** Identifies weights and engine: the same fingerprint and seed give the same text. */
  readonly fingerprint: string;
}
