import type { ModelAdapter } from '../model-adapter.ts';

/** What decides which sequences of a model are alike. */
export interface SequenceTask {
  /** Sequences share what they have computed within a partition only. */
  readonly partition: string;
  /** What is added to the model for them. Default: nothing */
  readonly adapter?: ModelAdapter;
}
