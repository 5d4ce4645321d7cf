import type { Manifest } from '../core/folder/manifest.ts';
import type { MemoryPlan } from '../core/memory-plan.ts';
import type { LanguageModel } from '../generation/language-model.ts';

/** How far a model is on its way into this isolate. */
export interface LoadState {
  state: 'cold' | 'loading' | 'ready';
  loadedBytes: number;
  totalBytes: number;
}

export interface ModelDescription {
  manifest: Manifest;
  /** When the model was put into the bucket. */
  uploaded: Date;
  /** Which engine runs it. */
  engine: 'edge' | 'ort';
  /** What it needs to serve one sequence of its whole context window. */
  memory: MemoryPlan;
  load: LoadState;
}

/** The models of this deployment, as the routes see them. */
export interface ModelHost {
  /** Ids of the served models; the first is the default. */
  readonly ids: readonly string[];
  /**
   * A model ready to generate, loaded if need be. Without an id the default.
   * @throws GptEdgeError `model_not_found`, `model_unavailable`, `unsupported_model`
   */
  get(id?: string): Promise<LanguageModel>;
  /**
   * What is known of a model without loading it.
   * @throws GptEdgeError `model_not_found`, `model_unavailable`
   */
  describe(id: string): Promise<ModelDescription>;
}
